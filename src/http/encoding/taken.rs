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

/// The weights that a client gives, from 0 for what it does not take to 1.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    gzip: f32,
    zstd: f32,
    /// 0 unless it is named: without a word on it, what is compressed is preferred.
    identity: f32,
}

impl Taken {
    /// Who takes anything, by `*`, takes gzip: not every client that says so knows zstd.
    pub fn by(headers: &HeaderMap) -> Self {
        let (mut gzip, mut any) = (None, None);
        let mut taken = Self { gzip: 0.0, zstd: 0.0, identity: 0.0 };
        let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        for coding in values.flat_map(|value| value.split(',')) {
            let mut parts = coding.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default().to_ascii_lowercase();
            let weight = parts.find_map(media::weight).unwrap_or(1.0);
            match name.as_str() {
                "gzip" | "x-gzip" => gzip = Some(weight),
                "zstd" => taken.zstd = weight,
                "identity" => taken.identity = weight,
                "*" => any = Some(weight),
                _ => {}
            }
        }
        Self { gzip: gzip.or(any).unwrap_or(0.0), ..taken }
    }

    /// The coding to send in; `None` to send as it is.
    pub fn best(self, has_zstd: bool) -> Option<Coding> {
        let zstd = if has_zstd { self.zstd } else { 0.0 };
        let (coding, weight) =
            if zstd >= self.gzip { (Coding::Zstd, zstd) } else { (Coding::Gzip, self.gzip) };
        (weight > 0.0 && weight >= self.identity).then_some(coding)
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
    }
}
