//! What an answer may use so that it can show its own lesson and nothing else: settings, the
//! listener with its banner, the JSON error shape, a limit for WebSocket frames, and the 501 stub of
//! unfinished handlers.
//!
//! No question is known here, and nothing that is the lesson of one belongs here.

mod frame_limit;
mod json_errors;
mod settings;
mod start;
mod stub;

pub use frame_limit::limit_frames;
pub use json_errors::json_errors;
pub use settings::{AppEnv, path_setting, secret, setting};
pub use start::{StartError, listen_as, workers};
pub use stub::not_implemented;
