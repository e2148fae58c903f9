//! The caller's account, session and profile.

use filot_app::auth::StackIdentity;
use filot_app::auth::principal::{Nobody, SignedInUser};
use filot_app::context::Context;
use filot_app::request_context::RequestContext;
use filot_app::{login, logout, me, profile, refresh, register};
use filot_platform::Role;
use http::Method;

use crate::call::Call;
use crate::endpoint::{Endpoint, HttpFunction};
use crate::reply::{Answer, Reply};

/// `auth-register`
pub static AUTH_REGISTER: &dyn HttpFunction = &Endpoint::new(Role::AuthRegister, |context, call, request| {
    Box::pin(auth_register(context, call, request))
});
/// `auth-login`
pub static AUTH_LOGIN: &dyn HttpFunction =
    &Endpoint::new(Role::AuthLogin, |context, call, request| Box::pin(auth_login(context, call, request)));
/// `auth-refresh`
pub static AUTH_REFRESH: &dyn HttpFunction = &Endpoint::new(Role::AuthRefresh, |context, call, request| {
    Box::pin(auth_refresh(context, call, request))
});
/// `auth-logout`
pub static AUTH_LOGOUT: &dyn HttpFunction =
    &Endpoint::new(Role::AuthLogout, |context, call, request| Box::pin(auth_logout(context, call, request)));
/// `auth-me`
pub static AUTH_ME: &dyn HttpFunction =
    &Endpoint::new(Role::AuthMe, |context, call, request| Box::pin(auth_me(context, call, request)));
/// `profile`
pub static PROFILE: &dyn HttpFunction =
    &Endpoint::new(Role::Profile, |context, call, request| Box::pin(profile(context, call, request)));

/// `POST /auth/register`
async fn auth_register(context: &Context, call: Call, request: RequestContext<StackIdentity>) -> Answer {
    let input = call.optional_json()?;
    let registered = register::register(context.store()?, &request, input).await?;
    if registered.created { Reply::created(&registered) } else { Reply::ok(&registered) }
}

/// `POST /auth/login`
async fn auth_login(context: &Context, _: Call, request: RequestContext<StackIdentity>) -> Answer {
    Reply::ok(&login::login(context.store()?, context.access_tokens(), &request).await?)
}

/// `GET /auth/me`
async fn auth_me(context: &Context, _: Call, request: RequestContext<SignedInUser>) -> Answer {
    Reply::ok(&me::me(context.store()?, &request).await?)
}

/// `POST /auth/refresh`
async fn auth_refresh(context: &Context, call: Call, request: RequestContext<Nobody>) -> Answer {
    let input = call.json()?;
    Reply::ok(&refresh::refresh(context.store()?, context.access_tokens(), &request, input).await?)
}

/// `POST /auth/logout`
async fn auth_logout(context: &Context, _: Call, request: RequestContext<SignedInUser>) -> Answer {
    logout::logout(context.store()?, &request).await?;
    Ok(Reply::no_content())
}

/// `GET /profile` and `PUT /profile`
async fn profile(context: &Context, call: Call, request: RequestContext<SignedInUser>) -> Answer {
    if *call.method() == Method::PUT {
        let input = call.json()?;
        return Reply::ok(&profile::put_profile(context.store()?, &request, input).await?);
    }
    Reply::ok(&profile::get_profile(context.store()?, &request).await?)
}
