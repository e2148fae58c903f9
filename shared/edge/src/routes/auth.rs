//! Who the caller is.

use std::sync::Arc;

use filot_app::context::Context;
use filot_app::{login, logout, me, profile, refresh, register};
use filot_platform::Role;
use http::Method;

use crate::call::Call;
use crate::reply::Reply;
use crate::serve::{Answer, Endpoint};

/// `auth-register`
pub static AUTH_REGISTER: Endpoint =
    Endpoint::new(Role::AuthRegister, |context, call| Box::pin(auth_register(context, call)));
/// `auth-login`
pub static AUTH_LOGIN: Endpoint =
    Endpoint::new(Role::AuthLogin, |context, call| Box::pin(auth_login(context, call)));
/// `auth-refresh`
pub static AUTH_REFRESH: Endpoint =
    Endpoint::new(Role::AuthRefresh, |context, call| Box::pin(auth_refresh(context, call)));
/// `auth-logout`
pub static AUTH_LOGOUT: Endpoint =
    Endpoint::new(Role::AuthLogout, |context, call| Box::pin(auth_logout(context, call)));
/// `auth-me`
pub static AUTH_ME: Endpoint = Endpoint::new(Role::AuthMe, |context, call| Box::pin(auth_me(context, call)));
/// `profile`
pub static PROFILE: Endpoint = Endpoint::new(Role::Profile, |context, call| Box::pin(profile(context, call)));

/// `POST /auth/register`
async fn auth_register(context: Arc<Context>, call: Call) -> Answer {
    let identity = context.stack()?.verify(call.bearer()?, call.now).await?;
    let request = call.optional_json()?;
    let registered = register::register(context.store()?, &identity, request, call.now).await?;
    if registered.created { Reply::created(&registered) } else { Reply::ok(&registered) }
}

/// `POST /auth/login`
async fn auth_login(context: Arc<Context>, call: Call) -> Answer {
    let identity = context.stack()?.verify(call.bearer()?, call.now).await?;
    Reply::ok(&login::login(context.store()?, context.access_tokens(), &identity, call.now).await?)
}

/// `GET /auth/me`
async fn auth_me(context: Arc<Context>, call: Call) -> Answer {
    let caller = call.caller(context.access_tokens())?;
    Reply::ok(&me::me(context.store()?, &caller, call.now).await?)
}

/// `POST /auth/refresh`
async fn auth_refresh(context: Arc<Context>, call: Call) -> Answer {
    let request = call.json()?;
    Reply::ok(&refresh::refresh(context.store()?, context.access_tokens(), request, call.now).await?)
}

/// `POST /auth/logout`
async fn auth_logout(context: Arc<Context>, call: Call) -> Answer {
    let caller = call.caller(context.access_tokens())?;
    logout::logout(context.store()?, &caller, call.now).await?;
    Ok(Reply::no_content())
}

/// `GET /profile` and `PUT /profile`
async fn profile(context: Arc<Context>, call: Call) -> Answer {
    let caller = call.caller(context.access_tokens())?;
    if *call.method() == Method::PUT {
        let request = call.json()?;
        return Reply::ok(&profile::put_profile(context.store()?, &caller, request, call.now).await?);
    }
    Reply::ok(&profile::get_profile(context.store()?, &caller, call.now).await?)
}
