//! Serves the simulator over HTTP, so that real clients, signing and wire formats meet it.

mod cbor;
mod credentials;
mod dispatch;
mod query;
mod rpc;
mod s3;
mod server;

pub use self::server::{Server, serve};

#[cfg(test)]
mod tests;
