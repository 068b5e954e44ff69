#!/bin/sh
# Writes the certificates that the TLS tests use: an authority and a server certificate for 127.0.0.1.
# Run once, by hand. The keys protect nothing.
set -eu
cd "$(dirname "$0")"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -sha256 \
    -subj "/CN=Mastic test authority" -keyout authority.key -out authority.pem
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=127.0.0.1" \
    -keyout server.key -out server.csr
printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n' > server.ext
openssl x509 -req -in server.csr -CA authority.pem -CAkey authority.key -CAcreateserial -days 36500 -sha256 \
    -extfile server.ext -out server.pem
rm -f server.csr server.ext authority.key authority.srl
