use std::{
    env,
    ffi::OsString,
    fmt::Display,
    io::{self, Write},
    ops::RangeInclusive,
    path::PathBuf,
    str::FromStr,
};

use crate::StartError;

/// Where the server runs, as `APP_ENV` says: `development`, the default, or `production`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppEnv {
    /// On somebody's own machine: secrets have defaults.
    Development,
    /// Where others can reach it: secrets must be set.
    Production,
}

impl AppEnv {
    /// Reads `APP_ENV`; [`Development`](Self::Development) if it is unset.
    ///
    /// # Errors
    ///
    /// [`StartError`] if it is anything but `development` or `production`.
    pub fn read() -> Result<Self, StartError> {
        match env::var_os("APP_ENV") {
            None => Ok(Self::Development),
            Some(value) if value == "development" => Ok(Self::Development),
            Some(value) if value == "production" => Ok(Self::Production),
            Some(value) => Err(StartError::new(format!(
                "APP_ENV must be development or production, not {value:?}"
            ))),
        }
    }
}

/// The number in the environment variable `name`; `default` if it is unset.
///
/// # Errors
///
/// [`StartError`], which names the variable, if the value is not a number within `allowed`.
pub fn setting<T: FromStr + PartialOrd + Display>(
    name: &str,
    default: T,
    allowed: RangeInclusive<T>,
) -> Result<T, StartError> {
    let Some(value) = env::var_os(name) else {
        return Ok(default);
    };
    let number = value.to_str().and_then(|text| text.parse().ok());
    number.filter(|number| allowed.contains(number)).ok_or_else(|| {
        let (least, most) = allowed.into_inner();
        StartError::new(format!("{name} must be a number from {least} to {most}, not {value:?}"))
    })
}

/// The path in the environment variable `name`; `default` if it is unset or empty.
pub fn path_setting(name: &str, default: &str) -> PathBuf {
    let set = env::var_os(name).filter(|value| !value.is_empty());
    set.unwrap_or_else(|| OsString::from(default)).into()
}

/// The secret in the environment variable `name`, byte for byte.
///
/// In development a secret that is unset, or consists of whitespace, is `development_default`, and a
/// line on stderr says so. In production it must be set, with at least `min_bytes` bytes: 32 for one
/// that signs or encrypts (RFC 7518 3.2 wants 256 bits for HS256), 1 where any will do.
///
/// # Errors
///
/// [`StartError`], which names the variable and never holds its value, if the value is not UTF-8, or
/// too short or unset in production, or if `APP_ENV` is invalid.
pub fn secret(
    name: &str,
    development_default: &str,
    min_bytes: usize,
) -> Result<String, StartError> {
    let secret = match env::var(name) {
        Ok(secret) => Some(secret).filter(|secret| !secret.trim().is_empty()),
        Err(env::VarError::NotPresent) => None,
        Err(env::VarError::NotUnicode(_)) => {
            return Err(StartError::new(format!("{name} must be UTF-8")));
        }
    };
    match (AppEnv::read()?, secret) {
        (AppEnv::Development, Some(secret)) => Ok(secret),
        (AppEnv::Development, None) => {
            // A closed stderr is not a reason to stop.
            let _ = writeln!(io::stderr(), "{name} is unset: using a development secret");
            Ok(development_default.to_owned())
        }
        (AppEnv::Production, None) => {
            Err(StartError::new(format!("{name} must be set when APP_ENV is production")))
        }
        (AppEnv::Production, Some(secret)) if secret.len() < min_bytes => Err(StartError::new(
            format!("{name} must have at least {min_bytes} bytes when APP_ENV is production"),
        )),
        (AppEnv::Production, Some(secret)) => Ok(secret),
    }
}
