//! Where two JSON values differ first.

use std::ops::Range;

use serde_json::Value;

use crate::text::shorten;

/// Whether an object may have properties that were not expected.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Extra {
    Allowed,
    Refused,
}

pub(crate) struct Difference {
    /// The place and what is wrong there: `at completed: expected false`.
    pub(crate) what: String,
    /// The differing part of the actual value as it is printed, or its key if it should not be.
    shown: Option<String>,
    /// The actual value, unless `what` contains it.
    instead: Option<String>,
}

impl Difference {
    /// For reports that cannot point at the place.
    pub(crate) fn in_full(&self) -> String {
        match &self.instead {
            Some(instead) => format!("{}, not {}", self.what, shorten(instead, 80)),
            None => self.what.clone(),
        }
    }

    /// Where the differing part is in `actual`, if it is there exactly once.
    pub(crate) fn column(&self, actual: &str) -> Option<Range<usize>> {
        let shown = self.shown.as_deref()?;
        let start = actual.find(shown)?;
        let is_unique = actual.rfind(shown) == Some(start);
        let column = actual[..start].chars().count();
        is_unique.then(|| column..column + shown.chars().count())
    }
}

pub(crate) fn first(wanted: &Value, actual: &Value, extra: Extra) -> Option<Difference> {
    compare(wanted, actual, extra, "")
}

fn compare(wanted: &Value, actual: &Value, extra: Extra, place: &str) -> Option<Difference> {
    match (wanted, actual) {
        (Value::Object(wanted), Value::Object(actual)) => {
            let differing = wanted.iter().find_map(|(key, wanted)| {
                let place = format!("{place}.{key}");
                match actual.get(key) {
                    Some(actual) => compare(wanted, actual, extra, &place).map(|mut difference| {
                        let property =
                            |shown: String| format!("{}:{shown}", Value::from(key.as_str()));
                        if !actual.is_object() && !actual.is_array() {
                            difference.shown = difference.shown.map(property);
                        }
                        difference
                    }),
                    None => Some(different(&place, &format!("missing, expected {wanted}"), None)),
                }
            });
            differing.or_else(|| {
                let surplus = actual.keys().find(|key| !wanted.contains_key(*key))?;
                (extra == Extra::Refused).then(|| {
                    let place = format!("{place}.{surplus}");
                    different(
                        &place,
                        "not expected",
                        Some(Value::from(surplus.as_str()).to_string()),
                    )
                })
            })
        }
        (Value::Array(wanted), Value::Array(actual)) => {
            let differing =
                (wanted.iter().zip(actual).enumerate()).find_map(|(i, (wanted, actual))| {
                    compare(wanted, actual, extra, &format!("{place}[{i}]"))
                });
            differing.or_else(|| {
                let (wanted, actual) = (wanted.len(), actual.len());
                (wanted != actual).then(|| {
                    different(place, &format!("expected {wanted} elements, not {actual}"), None)
                })
            })
        }
        (wanted, actual) if wanted == actual => None,
        // 5 and 5.0 are the same number.
        (Value::Number(wanted), Value::Number(actual))
            if (wanted.is_f64() || actual.is_f64()) && wanted.as_f64() == actual.as_f64() =>
        {
            None
        }
        (wanted, actual) => {
            let instead = actual.to_string();
            let what = format!("expected {wanted}");
            let difference = different(place, &what, Some(instead.clone()));
            Some(Difference { instead: Some(instead), ..difference })
        }
    }
}

fn different(place: &str, what: &str, shown: Option<String>) -> Difference {
    let place = place.trim_start_matches('.');
    let what = if place.is_empty() { what.to_owned() } else { format!("at {place}: {what}") };
    Difference { what, shown, instead: None }
}
