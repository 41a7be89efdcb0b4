//! Addresses of several kinds: e-mail, phone, web.

use crate::interpreter::value::Value;

const EMAIL_CHARS_MAX: usize = 254;
const LOCAL_CHARS_MAX: usize = 64;
const URL_CHARS_MAX: usize = 2000;

/// The address with its domain in lower case.
pub fn email(text: &str) -> Option<Value> {
    let (local, domain) = text.split_once('@')?;
    let fits = text.chars().count() <= EMAIL_CHARS_MAX
        && (1..=LOCAL_CHARS_MAX).contains(&local.chars().count())
        && !domain.contains('@')
        && !text.contains(char::is_whitespace)
        && is_dotted(domain);
    fits.then(|| Value::from(format!("{local}@{}", domain.to_lowercase())))
}

/// A domain of at least two labels, none of them empty.
fn is_dotted(domain: &str) -> bool {
    domain.contains('.') && domain.split('.').all(|label| !label.is_empty())
}

/// The digits; with a plus when the number was given with one, or with 00.
pub fn phone(text: &str) -> Option<Value> {
    let (international, rest) = match text.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    if !rest.chars().all(|c| c.is_ascii_digit() || " ()-.".contains(c)) {
        return None;
    }
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let (international, digits) = match digits.strip_prefix("00") {
        Some(rest) if !international => (true, rest),
        _ => (international, &*digits),
    };
    let plus = if international { "+" } else { "" };
    (8..=15).contains(&digits.len()).then(|| Value::from(format!("{plus}{digits}")))
}

/// An http or https address; a bare domain gets `https://`. Scheme and host are read in plain signs, what is behind them
/// is kept as it was `written`.
pub fn url(text: &str, written: &str) -> Option<Value> {
    if text.contains(char::is_whitespace) || text.chars().count() > URL_CHARS_MAX {
        return None;
    }
    let scheme = ["http://", "https://"]
        .into_iter()
        .find(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    let start = scheme.map_or(0, str::len);
    let host = text[start..].split(['/', '?', '#']).next()?;
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    let port_fits = host.split_once(':').is_none_or(|(_, port)| port.parse::<u16>().is_ok());
    let is_name = |name: &str| name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '.');
    let is_address = match scheme {
        Some(_) => !name.is_empty() && is_name(name),
        None => {
            let top = name.rsplit('.').next()?;
            let is_domain = is_dotted(name) && is_name(name) && top.chars().count() >= 2;
            is_domain && top.chars().all(char::is_alphabetic)
        }
    };
    let behind = || written.chars().skip(start + host.chars().count()).collect::<String>();
    let scheme = scheme.unwrap_or("https://");
    (is_address && port_fits).then(|| Value::from(format!("{scheme}{host}{}", behind())))
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use crate::flow::document::Input;

    #[test]
    fn emails_have_one_at_and_a_dotted_domain() {
        let long = format!("{}@x.com", "a".repeat(65));
        check(
            Input::Email,
            &[
                ("Ana.B@Correo.COM", "es", "\"Ana.B@correo.com\""),
                ("ana@correo", "es", "-"),
                ("ana@@correo.com", "es", "-"),
                ("ana b@correo.com", "es", "-"),
                ("@correo.com", "es", "-"),
                ("ana@correo..com", "es", "-"),
                (&long, "es", "-"),
                ("\u{feff}ana@correo.com\u{200b}", "es", "\"ana@correo.com\""),
                ("ana²@correo.com", "es", "\"ana²@correo.com\""),
            ],
        );
    }

    #[test]
    fn phones_keep_their_digits() {
        check(
            Input::Phone,
            &[
                ("+52 (55) 1234-5678", "es", "\"+525512345678\""),
                ("0034 600.100.200", "es", "\"+34600100200\""),
                ("5512345678", "es", "\"5512345678\""),
                ("1234567", "es", "-"),
                ("1234567890123456", "es", "-"),
                ("55 1234 56ab", "es", "-"),
                ("5+512345678", "es", "-"),
                ("\u{202a}+34 600 000 000\u{202c}", "es", "\"+34600000000\""),
                ("\u{200e}+34600000000", "es", "\"+34600000000\""),
                ("+34\u{2011}600\u{2013}000\u{2212}000", "es", "\"+34600000000\""),
                ("+٣٤٦٠٠٠٠٠٠٠٠", "ar", "\"+34600000000\""),
                ("＋３４（６００）０００－０００", "es", "\"+34600000000\""),
                ("+34 600 000 00²", "es", "-"),
            ],
        );
    }

    #[test]
    fn urls_may_be_bare_domains() {
        check(
            Input::Url,
            &[
                ("https://acme.com/a?b=1", "es", "\"https://acme.com/a?b=1\""),
                ("HTTP://localhost:8080", "es", "\"http://localhost:8080\""),
                ("acme.com.mx/ofertas", "es", "\"https://acme.com.mx/ofertas\""),
                ("https://x.com/a–b’s/٢٠٢٤", "es", "\"https://x.com/a–b’s/٢٠٢٤\""),
                ("“ｈｔｔｐｓ：／／ａｃｍｅ．ｃｏｍ／Ｑ”", "ja", "\"https://acme.com／Ｑ\""),
                ("*acme.com/ñ*", "es", "\"https://acme.com/ñ\""),
                ("acme", "es", "-"),
                ("1.5", "es", "-"),
                ("ftp://acme.com", "es", "-"),
                ("acme .com", "es", "-"),
                ("https://", "es", "-"),
            ],
        );
    }
}
