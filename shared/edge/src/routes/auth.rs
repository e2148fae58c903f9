//! Who the caller is.

use std::sync::Arc;

use filot_app::context::Context;
use filot_app::{login, me, register};

use crate::call::Call;
use crate::reply::Reply;
use crate::serve::Answer;

/// `POST /auth/register`
pub async fn auth_register(context: Arc<Context>, call: Call) -> Answer {
    let identity = context.stack()?.verify(call.bearer()?, call.now).await?;
    let request = call.optional_json()?;
    let registered = register::register(context.store()?, &identity, request, call.now).await?;
    if registered.created { Reply::created(&registered) } else { Reply::ok(&registered) }
}

/// `POST /auth/login`
pub async fn auth_login(context: Arc<Context>, call: Call) -> Answer {
    let identity = context.stack()?.verify(call.bearer()?, call.now).await?;
    Reply::ok(&login::login(context.store()?, context.access_tokens(), &identity, call.now).await?)
}

/// `GET /auth/me`
pub async fn auth_me(context: Arc<Context>, call: Call) -> Answer {
    let caller = call.caller(context.access_tokens())?;
    Reply::ok(&me::me(context.store()?, &caller, call.now).await?)
}
