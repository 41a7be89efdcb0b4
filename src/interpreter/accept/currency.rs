//! What people write beside an amount: a sign such as `€` or `R$`, or a currency's code.

use std::sync::LazyLock;

use regex::Regex;

/// Codes of ISO 4217 that are in use, in byte order.
const CODES: &[&str] = &[
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN", "BHD", "BIF",
    "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CLF", "CLP", "CNY",
    "COP", "CRC", "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP",
    "GBP", "GEL", "GHS", "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR",
    "IQD", "IRR", "ISK", "JMD", "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT",
    "LAK", "LBP", "LKR", "LRD", "LSL", "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR",
    "MVR", "MWK", "MXN", "MXV", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN",
    "PGK", "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SDG", "SEK",
    "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TND", "TOP",
    "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VED", "VES", "VND", "VUV", "WST", "XAF",
    "XCD", "XOF", "XPF", "YER", "ZAR", "ZMW", "ZWG",
];

/// One sign of any currency, with the letters that tell of several which one: `R$`, `US$`, `$U`.
static SIGN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\p{Alphabetic}{0,3}\p{Sc}\p{Alphabetic}{0,2}$").expect("the pattern is sound")
});

/// Whether a word is a currency.
pub fn is_currency(word: &str) -> bool {
    let is_code = word.len() == 3 && CODES.binary_search(&&*word.to_ascii_uppercase()).is_ok();
    is_code || SIGN.is_match(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_and_codes_are_currencies_and_words_are_none() {
        assert!(CODES.is_sorted());
        assert!(["$", "€", "R$", "US$", "$U", "₹", "mxn", "EUR"].into_iter().all(is_currency));
        assert!(!["", "mil", "kg", "años", "$$", "R", "EURO", "%"].into_iter().any(is_currency));
    }
}
