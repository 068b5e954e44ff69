//! Request context, authorization, service registry, audit, leases and the ports between services.
