//! Proves the laws of the whole, one module each.

mod commands;
mod converge;
mod rows;
mod sdk;
mod store;
