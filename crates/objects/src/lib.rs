//! S3's behaviour: object index, blobs, multipart, bucket policies, staged writes.
