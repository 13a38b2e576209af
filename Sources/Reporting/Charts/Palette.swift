// SPDX-License-Identifier: Apache-2.0

/// Colours and the style rules that use them.
///
/// The series colours are Okabe and Ito's set ("Color universal design", 2008), told apart with
/// every common colour blindness, darkened on white and lightened on black for contrast.
enum Palette {
    static let seriesCount = 8

    /// The CSS class of series `index`; colours repeat after the eighth.
    static func series(_ index: Int) -> String { "c\(index % seriesCount + 1)" }

    static let variables = """
        :root{color-scheme:light dark;\(light)}
        @media (prefers-color-scheme:dark){:root{\(dark)}}
        @media print{:root{color-scheme:light;\(light)}}

        """

    private static let light =
        "--page:#f7f7f5;--surface:#ffffff;--ink:#1c1e21;--muted:#5c6168;--line:#d9dbde;"
        + "--faint:#eceded;--accent-ink:#ffffff;--c1:#0072b2;--c2:#c94f00;--c3:#008a64;"
        + "--c4:#b0488a;--c5:#b37a00;--c6:#2f8fc9;--c7:#6b6f76;--c8:#7d5a1e;"
        + "--good:#00734f;--bad:#b03a00"

    private static let dark =
        "--page:#121417;--surface:#1a1d21;--ink:#e9eaec;--muted:#a2a8b0;--line:#3a3f46;"
        + "--faint:#282c31;--accent-ink:#0b0d10;--c1:#58b1ea;--c2:#f58a4b;--c3:#36cc9f;"
        + "--c4:#e79bc9;--c5:#f0b73a;--c6:#93cff5;--c7:#aeb4bc;--c8:#cfae73;"
        + "--good:#4fd6a8;--bad:#ff9b66"

    static let drawingRules: String = {
        var rules = """
            .drawing{font:12px system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;\
            font-variant-numeric:tabular-nums}
            .drawing text{fill:var(--ink)}.drawing .muted{fill:var(--muted)}
            .drawing .heading{font-size:14px;font-weight:600}
            .drawing .strong{font-weight:600}.drawing .small{font-size:11px}
            .drawing .on{fill:var(--accent-ink)}
            .drawing .surface{fill:var(--surface)}
            .drawing .grid{stroke:var(--faint);stroke-width:1;fill:none}
            .drawing .axis{stroke:var(--line);stroke-width:1;fill:none}
            .drawing .edge{stroke:var(--muted);stroke-width:1.3;fill:none;opacity:.75}
            .drawing .arrow{fill:var(--muted);opacity:.9}
            .drawing .box{fill:var(--surface);stroke:var(--line)}
            .drawing .curve{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
            .drawing .dashed{stroke-dasharray:6 5}.drawing .dotted{stroke-dasharray:1.5 4}
            .drawing .dot{stroke:var(--surface);stroke-width:1.2}
            .drawing .hollow{fill:var(--surface);stroke-width:1.8}
            .drawing .texture{fill:none;stroke:var(--surface);stroke-width:1.3;opacity:.85}
            .drawing .tick{fill:none;stroke:var(--ink);stroke-width:1.4}
            .drawing .veil{fill:var(--surface);fill-opacity:.8}.drawing .large{font-size:17px}
            .drawing .frame{fill:none;stroke:var(--c2);stroke-width:2.4}
            .drawing .hit{fill:transparent}
            .drawing .failure{fill:none;stroke:var(--c2);stroke-width:3}
            .drawing .pixels{image-rendering:pixelated}
            .drawing .band{stroke:none;fill-opacity:.16}
            .drawing .whisker{stroke:var(--ink);stroke-width:1.2;fill:none;opacity:.75}
            .drawing .empty{fill:var(--faint)}

            """
        for index in 1...seriesCount {
            rules += ".drawing .line.c\(index){stroke:var(--c\(index))}"
            rules += ".drawing .fill.c\(index){fill:var(--c\(index))}\n"
        }
        return rules
    }()
}
