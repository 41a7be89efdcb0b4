//! Which codings a client takes, and how gladly (RFC 9110, 12.5.3).

use axum::http::{HeaderMap, HeaderValue, header};

use crate::http::media;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    Gzip,
    Zstd,
}

impl Coding {
    pub fn name(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

/// The weights that a client gives by name, from 0 for what it does not take to 1.
#[derive(Debug, Clone, Copy, Default)]
pub struct Taken {
    gzip: Option<f32>,
    zstd: Option<f32>,
    identity: Option<f32>,
    /// What `*` says of each that is not named.
    any: f32,
}

impl Taken {
    pub fn by(headers: &HeaderMap) -> Self {
        let mut taken = Self::default();
        let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        for coding in values.flat_map(|value| value.split(',')) {
            let mut parts = coding.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default().to_ascii_lowercase();
            let weight = parts.find_map(media::weight).unwrap_or(1.0);
            match name.as_str() {
                "gzip" | "x-gzip" => taken.gzip = Some(weight),
                "zstd" => taken.zstd = Some(weight),
                "identity" => taken.identity = Some(weight),
                "*" => taken.any = weight,
                _ => {}
            }
        }
        taken
    }

    /// The coding to send in; `None` to send as it is, also where that is refused and nothing else is taken: such a field
    /// may be disregarded (RFC 9110, 12.4.1).
    pub fn best(self, has_zstd: bool) -> Option<Coding> {
        let (zstd, zstd_by_any) = match (has_zstd, self.zstd) {
            (false, _) => (0.0, 0.0),
            (true, Some(weight)) => (weight, 0.0),
            (true, None) => (0.0, self.any),
        };
        // Of equal weights the first one counts. Who takes anything, by `*`, gets zstd last: not every client that says so
        // knows it. Without a word on identity, what is compressed is preferred.
        let ranked = [
            (Some(Coding::Zstd), zstd),
            (Some(Coding::Gzip), self.gzip.unwrap_or(self.any)),
            (None, self.identity.unwrap_or(self.any)),
            (Some(Coding::Zstd), zstd_by_any),
        ];
        let mut best = (None, 0.0);
        for (coding, weight) in ranked {
            if weight > best.1 {
                best = (coding, weight);
            }
        }
        best.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_what_is_taken() {
        let check = |accepts: &[&str], with_zstd: Option<Coding>, without: Option<Coding>| {
            let values = accepts.iter().map(|value| (header::ACCEPT_ENCODING, value.parse().unwrap()));
            let taken = Taken::by(&values.collect());
            assert_eq!((taken.best(true), taken.best(false)), (with_zstd, without), "{accepts:?}");
        };
        let (gzip, zstd) = (Some(Coding::Gzip), Some(Coding::Zstd));
        check(&[], None, None);
        check(&[""], None, None);
        check(&["identity"], None, None);
        check(&["br, deflate"], None, None);
        check(&["gzip"], gzip, gzip);
        check(&["x-gzip"], gzip, gzip);
        check(&["br;q=1.0, GZIP;q=0.5"], gzip, gzip);
        check(&["gzip, deflate, br, zstd"], zstd, gzip);
        check(&["gzip, deflate", "ZSTD"], zstd, gzip);
        check(&["zstd"], zstd, None);
        check(&["zstd;q=0.5, gzip"], gzip, gzip);
        check(&["zstd; q=0.9, gzip ;Q=0.901"], gzip, gzip);
        check(&["zstd;q=0.9, gzip;q=0.3"], zstd, gzip);
        check(&["zstd;q=0, gzip"], gzip, gzip);
        check(&["gzip;q=0, zstd"], zstd, None);
        check(&["gzip;q=0.0, *"], None, None);
        check(&["*"], gzip, gzip);
        check(&["identity;q=0, *;q=0.1"], gzip, gzip);
        check(&["*;q=0"], None, None);
        check(&["*;q=0, zstd"], zstd, None);
        check(&["gzip;q=0.5, identity"], None, None);
        check(&["zstd;q=0.7, identity;q=0.5, gzip;q=0.3"], zstd, None);
        check(&["gzip;q=NaN, zstd;q=7"], zstd, gzip);
        // What is not named has the weight of `*`.
        check(&["gzip;q=0, *, identity;q=0"], zstd, None);
        check(&["gzip;q=0, *;q=0.5, identity;q=0.2"], zstd, None);
        check(&["gzip;q=0, *;q=0.5, identity;q=0.5"], None, None);
        check(&["gzip;q=0.5, *"], None, None);
        check(&["gzip;q=0.5, *, identity;q=0"], zstd, gzip);
        check(&["gzip, *;q=0.5"], gzip, gzip);
        check(&["zstd, *;q=0.5"], zstd, gzip);
        check(&["zstd;q=0.5, *"], gzip, gzip);
        check(&["zstd;q=0, *, gzip;q=0"], None, None);
        check(&["identity;q=0.5, *;q=0.8"], gzip, gzip);
        check(&["identity;q=0.5, *;q=0.2"], None, None);
        // Nothing is taken: the field is disregarded.
        check(&["identity;q=0"], None, None);
        check(&["identity;q=0, br"], None, None);
        check(&["*;q=0, br"], None, None);
    }
}
