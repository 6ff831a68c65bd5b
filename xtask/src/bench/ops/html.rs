//! The page with plots: one file that needs no other. Every operation has a plot of its own, with a dot for each side's median and
//! a line from one quartile to the other. Pure.

use std::fmt::Write;

use super::report::Report;
use super::summary::{Line, Spread, Summary};

const WIDTH: f64 = 760.0;
/// Where the scale begins and ends, and which ratios are there.
const LEFT: f64 = 170.0;
const RIGHT: f64 = 640.0;
const LOWEST: f64 = 0.1;
const HIGHEST: f64 = 10.0;
const MARKS: [f64; 7] = [0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0];
const ROW: f64 = 20.0;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem;color:#222}\
table{border-collapse:collapse;font-size:13px;display:block;overflow-x:auto}td,th{padding:.2rem .6rem;border-bottom:1px solid #ddd;\
text-align:right;white-space:nowrap}td:first-child{text-align:left}h2{font-size:1rem;margin:1.6rem 0 .2rem}svg{max-width:100%}\
text{font:12px system-ui,sans-serif;fill:#444}.us{fill:#c2410c}.us text{fill:#c2410c;font-weight:600}.scale{stroke:#ddd}.one{stroke:#888}\
.spread{stroke:#94a3b8;stroke-width:3}.us .spread{stroke:#fb923c}circle{fill:#475569}.us circle{fill:#c2410c}";

pub fn page(report: &Report) -> String {
    let title = format!("indexie's operations in {}", report.kind);
    let versions: Vec<String> = report.versions.iter().map(|(side, version)| format!("{side} {version}")).collect();
    let about = |key: &str| report.about[key].as_str().map(str::to_owned).unwrap_or(report.about[key].to_string());
    let facts = [
        report.command.clone(),
        about("date"),
        about("agent"),
        format!("{} cores", about("cores")),
        versions.join(", "),
    ];
    let facts = facts.map(|fact| format!("<li>{}</li>", escaped(&fact))).concat();
    let plots: String =
        report.summary.lines.iter().map(|line| plot(line, &report.summary.sides)).collect::<Vec<_>>().join("\n");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
         <h1>{title}</h1>\n<ul>{facts}</ul>\n\
         <p>Parts of the time that IndexedDB takes by hand (1.0; less is faster): medians of the ratios within each round, \
         from quartile to quartile.</p>\n{}\n{plots}\n</html>\n",
        table(&report.summary),
    )
}

fn table(summary: &Summary) -> String {
    let mut text = String::from("<table>\n");
    for (number, line) in summary.cells().iter().enumerate() {
        let tag = if number == 0 { "th" } else { "td" };
        let cells: Vec<String> = line.iter().map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell))).collect();
        let cells = cells.concat();
        let _ = writeln!(text, "<tr>{cells}</tr>");
    }
    text + "</table>"
}

fn plot(line: &Line, sides: &[String]) -> String {
    let rows =
        sides.iter().zip(&line.to_raw).zip(0_u32..).map(|((side, spread), at)| row(side, *spread, f64::from(at)));
    let rows: String = rows.collect();
    let bottom = ROW * f64::from(u32::try_from(sides.len()).unwrap_or_default());
    let marks: String = MARKS.iter().map(|mark| scale(*mark, bottom)).collect();
    format!(
        "<h2>{}</h2>\n<svg viewBox=\"0 0 {WIDTH} {}\" width=\"{WIDTH}\" role=\"img\">{marks}{rows}</svg>",
        escaped(line.title),
        bottom + ROW,
    )
}

fn scale(mark: f64, bottom: f64) -> String {
    let class = if (mark - 1.0).abs() < f64::EPSILON { "one" } else { "scale" };
    let (x, below) = (position(mark), bottom + 14.0);
    format!(
        "<line class=\"{class}\" x1=\"{x:.1}\" y1=\"0\" x2=\"{x:.1}\" y2=\"{bottom}\"/>\
         <text x=\"{x:.1}\" y=\"{below}\" text-anchor=\"middle\">{mark}</text>"
    )
}

fn row(side: &str, spread: Spread, at: f64) -> String {
    let y = at * ROW + ROW / 2.0;
    let [low, middle, high] = [spread.low, spread.middle, spread.high].map(position);
    let class = if side == super::INDEXIE { " class=\"us\"" } else { "" };
    format!(
        "<g{class}><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
         <line class=\"spread\" x1=\"{low:.1}\" y1=\"{y}\" x2=\"{high:.1}\" y2=\"{y}\"/>\
         <circle cx=\"{middle:.1}\" cy=\"{y}\" r=\"4\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
        LEFT - 12.0,
        y + 4.0,
        escaped(side),
        RIGHT + 10.0,
        y + 4.0,
        escaped(&spread.to_string()),
    )
}

/// Where a ratio is: as far from its half as from its double.
fn position(ratio: f64) -> f64 {
    let part = (ratio.clamp(LOWEST, HIGHEST) / LOWEST).ln() / (HIGHEST / LOWEST).ln();
    LEFT + (RIGHT - LEFT) * part
}

/// Text within a page, or within an attribute.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_no_markup() {
        assert_eq!(escaped("<a href=\"?b&c\">"), "&lt;a href=&quot;?b&amp;c&quot;&gt;");
    }

    #[test]
    fn the_scale_is_logarithmic_and_has_ends() {
        let middle = f64::midpoint(LEFT, RIGHT);

        assert!((position(1.0) - middle).abs() < 1e-9);
        assert!((position(0.001) - LEFT).abs() < 1e-9);
        assert!((position(100.0) - RIGHT).abs() < 1e-9);
    }

    #[test]
    fn a_side_has_a_dot_between_its_quartiles() {
        let text = row("a & b", Spread { low: 0.5, middle: 1.0, high: 2.0 }, 0.0);

        assert!(text.contains("a &amp; b"));
        assert!(text.contains("<circle cx=\"405.0\" cy=\"10\" r=\"4\"/>"));
        assert!(text.contains("1.00 (0.50–2.00)"));
    }
}
