//! Skeleton.

#[cfg(feature = "demo")]
pub mod postgres;
