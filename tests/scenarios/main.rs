//! Proves the laws of the whole, one module each.

mod converge;
mod rows;
mod sdk;
mod store;
