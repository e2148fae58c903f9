//! Which deployment this is.

use std::fmt;
use std::str::FromStr;

/// `FILOT_ENV`. There is no default: a deployment that does not say what it is does not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// One machine, the documented local secrets.
    Local,
    /// A shared deployment for development.
    Development,
    /// Like production, without its users.
    Staging,
    /// Production.
    Production,
}

impl Environment {
    /// The text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Development => "development",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }

    /// Whether weak or published secrets are refused.
    pub const fn is_guarded(self) -> bool {
        matches!(self, Self::Staging | Self::Production)
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Environment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Local, Self::Development, Self::Staging, Self::Production]
            .into_iter()
            .find(|environment| environment.as_str() == text)
            .ok_or_else(|| "must be local, development, staging or production".to_owned())
    }
}
