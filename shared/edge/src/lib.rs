//! lambda_http glue: authentication, errors to HTTP, security headers.
