//! What an uploaded file really is: magic bytes, bounded header decode, PDF sanity.
