//! S3 and R2, SQS, Lambda invocation.
