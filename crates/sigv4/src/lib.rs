//! AWS Signature Version 4: signing and checking, header, query and chunked forms.
