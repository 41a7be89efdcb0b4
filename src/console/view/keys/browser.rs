//! Which browser a session was opened with, in words that people know.

/// What browsers say of themselves, and what they are called. Many also name those they descend from, which come later.
const BROWSERS: [(&str, &str); 5] = [
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
];
/// Where they run. Android names Linux too, and an iPhone macOS.
const SYSTEMS: [(&str, &str); 7] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// A browser with its version and its system; what is not known is shown as it says of itself.
pub fn name(agent: &str) -> String {
    let known = BROWSERS.iter().find_map(|(mark, name)| Some((name, agent.split_once(mark)?.1)));
    let Some((name, rest)) = known else { return agent.to_owned() };
    let version: String = rest.chars().take_while(char::is_ascii_digit).collect();
    match SYSTEMS.iter().find(|(mark, _)| agent.contains(mark)) {
        Some((_, system)) => format!("{name} {version}, {system}"),
        None => format!("{name} {version}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_by_what_they_say() {
        let engine = "AppleWebKit/537.36 (KHTML, like Gecko)";
        let check = |agent: &str, expected: &str| assert_eq!(name(agent), expected);
        check(
            &format!("Mozilla/5.0 (X11; Linux x86_64) {engine} Chrome/156.0.0.0 Safari/537.36"),
            "Chrome 156, Linux",
        );
        check(
            &format!("Mozilla/5.0 (Windows NT 10.0) {engine} Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0"),
            "Edge 156, Windows",
        );
        check("Mozilla/5.0 (Android 15; Mobile; rv:150.0) Gecko/150.0 Firefox/150.0", "Firefox 150, Android");
        check(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile/15E148 Safari/604.1",
            "Safari 19, iPhone",
        );
        check("curl/8.9", "curl/8.9");
        check("", "");
    }
}
