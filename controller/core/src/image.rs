//! Renders what makes an image.
//!
//! AppStream has no call that makes an image from an image builder: that is done on the builder
//! itself, by Image Assistant (administration guide, "Create your image programmatically").

mod script;

pub use self::script::powershell;
