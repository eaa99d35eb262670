//! Proves the laws of the whole, one module each.

mod commands;
mod converge;
mod crash;
mod daemon;
mod documented;
mod lifecycle;
mod ownership;
mod rows;
mod sdk;
mod store;
