//! What differs by language: decimal marks, names of days and months, money, and which of two orders a
//! numeric date is in.

use std::fmt;

/// A BCP-47 tag with the few rules that follow from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locale {
    tag: Box<str>,
    language: Language,
    decimal_comma: bool,
    month_first: bool,
}

/// Languages whose words are known; anything else is written as English writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Spanish,
    English,
    Portuguese,
}

/// Regions that write Spanish with a decimal point (CLDR: es-419 and those that follow it).
const SPANISH_WITH_POINT: [&str; 14] =
    ["419", "MX", "US", "PE", "PA", "DO", "GT", "HN", "NI", "SV", "PR", "CU", "BZ", "BR"];
/// Languages that write a decimal comma wherever they are spoken.
const COMMA_LANGUAGES: [&str; 14] =
    ["pt", "fr", "de", "it", "nl", "ca", "gl", "eu", "pl", "ru", "sv", "da", "nb", "tr"];

impl Locale {
    pub fn new(tag: &str) -> Self {
        let mut parts = tag.split(['-', '_']);
        let language = parts.next().unwrap_or_default();
        // A region is two letters or three digits; a script (four letters) may stand before it.
        let region = parts
            .find(|part| part.len() == 2 || (part.len() == 3 && part.bytes().all(|b| b.is_ascii_digit())))
            .unwrap_or_default();
        let speaks = |known: &str| language.eq_ignore_ascii_case(known);
        let is_in = |known: &str| region.eq_ignore_ascii_case(known);
        let is_spanish = speaks("es");
        let decimal_comma = if is_spanish {
            !SPANISH_WITH_POINT.into_iter().any(is_in)
        } else {
            COMMA_LANGUAGES.into_iter().any(speaks)
        };
        Self {
            tag: tag.into(),
            month_first: speaks("en") && is_in("US"),
            decimal_comma,
            language: if is_spanish {
                Language::Spanish
            } else if speaks("pt") {
                Language::Portuguese
            } else {
                Language::English
            },
        }
    }

    pub fn tag(&self) -> &str {
        &self.tag
    }

    pub fn language(&self) -> Language {
        self.language
    }

    /// Whether `03/04` is March 4th.
    pub fn month_first(&self) -> bool {
        self.month_first
    }

    pub fn decimal_mark(&self) -> char {
        if self.decimal_comma { ',' } else { '.' }
    }

    /// The mark between groups of three digits.
    pub fn thousands_mark(&self) -> char {
        if self.decimal_comma { '.' } else { ',' }
    }

    /// An amount with two decimals and grouped thousands, then the currency's code: `1.234,50 EUR`.
    pub fn money(&self, amount: f64, code: &str) -> String {
        let plain = format!("{:.2}", amount.abs());
        let (whole, cents) = plain.split_once('.').unwrap_or((&plain, "00"));
        let negative = amount < 0.0 && plain.bytes().any(|b| (b'1'..=b'9').contains(&b));
        let mut text = String::from(if negative { "-" } else { "" });
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                text.push(self.thousands_mark());
            }
            text.push(digit);
        }
        format!("{text}{}{cents} {code}", self.decimal_mark())
    }

    /// The full name of a month, 0 for January.
    pub fn month(&self, month0: usize) -> &'static str {
        self.names(&SPANISH_MONTHS, &ENGLISH_MONTHS, &PORTUGUESE_MONTHS)[month0 % 12]
    }

    /// The full name of a weekday, 0 for Monday.
    pub fn weekday(&self, from_monday: usize) -> &'static str {
        self.names(&SPANISH_DAYS, &ENGLISH_DAYS, &PORTUGUESE_DAYS)[from_monday % 7]
    }

    /// The short name of a month, 0 for January.
    pub fn short_month(&self, month0: usize) -> &'static str {
        self.names(&SHORT_SPANISH_MONTHS, &SHORT_ENGLISH_MONTHS, &SHORT_PORTUGUESE_MONTHS)[month0 % 12]
    }

    /// The short name of a weekday, 0 for Monday.
    pub fn short_weekday(&self, from_monday: usize) -> &'static str {
        self.names(&SHORT_SPANISH_DAYS, &SHORT_ENGLISH_DAYS, &SHORT_PORTUGUESE_DAYS)[from_monday % 7]
    }

    /// What stands behind an hour of the twelve before noon, or after it.
    pub fn half_of_day(&self, is_after_noon: bool) -> &'static str {
        self.names(&["a. m.", "p. m."], &["AM", "PM"], &["AM", "PM"])[usize::from(is_after_noon)]
    }

    fn names<const N: usize>(
        &self,
        spanish: &'static [&'static str; N],
        english: &'static [&'static str; N],
        portuguese: &'static [&'static str; N],
    ) -> &'static [&'static str; N] {
        match self.language {
            Language::Spanish => spanish,
            Language::English => english,
            Language::Portuguese => portuguese,
        }
    }
}

impl Default for Locale {
    fn default() -> Self {
        Self::new("es")
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tag)
    }
}

/// The tags under which a text for this locale may be found, best first: `en-US`, then `en`.
pub fn fallbacks(tag: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(tag), |tag| tag.rfind(['-', '_']).map(|end| &tag[..end]))
}

const SPANISH_MONTHS: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];
const ENGLISH_MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const PORTUGUESE_MONTHS: [&str; 12] = [
    "janeiro",
    "fevereiro",
    "março",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
];
const SPANISH_DAYS: [&str; 7] = ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"];
const ENGLISH_DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const PORTUGUESE_DAYS: [&str; 7] =
    ["segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo"];

const SHORT_SPANISH_MONTHS: [&str; 12] =
    ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"];
const SHORT_ENGLISH_MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const SHORT_PORTUGUESE_MONTHS: [&str; 12] =
    ["jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez"];
const SHORT_SPANISH_DAYS: [&str; 7] = ["lun", "mar", "mié", "jue", "vie", "sáb", "dom"];
const SHORT_ENGLISH_DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const SHORT_PORTUGUESE_DAYS: [&str; 7] = ["seg", "ter", "qua", "qui", "sex", "sáb", "dom"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_follow_language_and_region() {
        for (tag, decimal) in [
            ("es", ','),
            ("es-MX", '.'),
            ("es-AR", ','),
            ("es-419", '.'),
            ("en-US", '.'),
            ("pt-BR", ','),
            ("zh-Hant-TW", '.'),
        ] {
            assert_eq!(Locale::new(tag).decimal_mark(), decimal, "{tag}");
        }
    }

    #[test]
    fn money_has_two_decimals_and_groups() {
        assert_eq!(Locale::new("es").money(1_234_567.5, "EUR"), "1.234.567,50 EUR");
        assert_eq!(Locale::new("en").money(-1234.0, "USD"), "-1,234.00 USD");
        assert_eq!(Locale::new("es-MX").money(12.3, "MXN"), "12.30 MXN");
        assert_eq!(Locale::new("en").money(-0.001, "USD"), "0.00 USD");
    }

    #[test]
    fn only_american_english_puts_the_month_first() {
        assert!(Locale::new("en-US").month_first());
        assert!(!Locale::new("en").month_first() && !Locale::new("es-US").month_first());
    }

    #[test]
    fn fallbacks_shorten_the_tag() {
        assert_eq!(fallbacks("zh-Hant-TW").collect::<Vec<_>>(), ["zh-Hant-TW", "zh-Hant", "zh"]);
    }
}
