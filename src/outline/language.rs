//! The languages that people are shown words in.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisplayLanguage {
    Es,
    En,
}

impl DisplayLanguage {
    /// As `lang` of a page and the cookie say it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Es => "es",
            Self::En => "en",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "es" => Some(Self::Es),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// The texts of this language.
    pub const fn pick<T>(self, es: &'static T, en: &'static T) -> &'static T {
        match self {
            Self::Es => es,
            Self::En => en,
        }
    }
}
