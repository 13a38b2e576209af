// SPDX-License-Identifier: Apache-2.0

/// How a report looks: on a wide screen, on a telephone and on paper.
enum PageStyle {
    static let rules = """
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%}
        body{margin:0;background:var(--page);color:var(--ink);\
        font:16px/1.55 system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
        header,main,footer{max-width:1060px;margin:0 auto;padding:0 24px}
        header{padding-top:40px}
        h1{font-size:30px;line-height:1.2;letter-spacing:-.01em;margin:0 0 8px;overflow-wrap:anywhere}
        h2{font-size:21px;line-height:1.3;margin:0 0 12px}
        p,ul{max-width:74ch;margin:0 0 14px}
        .subtitle{color:var(--muted);font-size:17px;margin:0}
        nav{display:flex;flex-wrap:wrap;gap:6px 18px;margin-top:18px;padding-top:14px;\
        border-top:1px solid var(--line);font-size:14.5px}
        a{color:var(--c1);text-decoration:none}a:hover{text-decoration:underline}
        section{margin:40px 0;scroll-margin-top:12px}
        footer{color:var(--muted);font-size:13.5px;padding:18px 24px 40px}
        footer::before{content:"";display:block;border-top:1px solid var(--line);margin-bottom:16px}
        code,pre{font:.88em/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace}
        code{background:var(--faint);border-radius:4px;padding:.1em .35em;overflow-wrap:anywhere}
        pre{background:var(--surface);border:1px solid var(--line);border-radius:8px;\
        padding:12px 14px;overflow-x:auto;margin:0 0 16px}
        dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 20px;margin:0 0 16px}
        dt{color:var(--muted)}dd{margin:0;overflow-wrap:anywhere}
        .note{border-left:4px solid var(--c1);background:var(--surface);padding:10px 16px;\
        border-radius:0 8px 8px 0}
        .warning{border-left-color:var(--c2)}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:12px;\
        margin:0 0 20px}
        .tile{background:var(--surface);border:1px solid var(--line);border-radius:10px;\
        padding:12px 16px}
        .tile .label{color:var(--muted);font-size:13.5px}
        .tile .value{font-size:26px;font-weight:650;letter-spacing:-.01em;\
        font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
        .detail{color:var(--muted);font-size:12.5px;font-weight:400}
        .table{overflow-x:auto;background:var(--surface);border:1px solid var(--line);\
        border-radius:10px;margin:0 0 18px}
        table{border-collapse:collapse;width:100%;font-size:14.5px;font-variant-numeric:tabular-nums}
        caption{text-align:left;padding:12px 16px 4px;color:var(--muted);font-size:14px}
        caption span{display:block;max-width:min(90ch,calc(100vw - 64px))}
        th,td{padding:8px 16px;text-align:left;vertical-align:top;white-space:nowrap}
        thead th{font-size:13px;font-weight:600;color:var(--muted);\
        border-bottom:1px solid var(--line);vertical-align:bottom;white-space:normal}
        tbody th{font-weight:600}
        tbody tr+tr>*{border-top:1px solid var(--faint)}
        tr.group th{background:var(--page);font-size:13px;color:var(--muted);padding:6px 16px}
        .number{text-align:right}
        td .detail,th .detail{display:block}
        .dense{font-size:13.5px}.dense th,.dense td{padding:7px 9px}
        .prose{white-space:normal;min-width:150px}
        .good{color:var(--good)}.bad{color:var(--bad)}.muted{color:var(--muted)}
        .bar{display:block;height:4px;border-radius:2px;background:var(--faint);margin-top:4px;\
        min-width:84px;overflow:hidden}
        .bar i{display:block;height:100%;background:var(--c1);border-radius:2px}
        .bad .bar i{background:var(--c2)}.good .bar i{background:var(--c3)}
        figure{margin:0 0 22px}
        figcaption{color:var(--muted);font-size:14px;margin-top:8px;max-width:80ch}
        .drawings{display:flex;flex-wrap:wrap;gap:14px}
        .frame{flex:1 1 auto;min-width:0;max-width:100%;background:var(--surface);\
        border:1px solid var(--line);border-radius:10px;padding:10px;overflow-x:auto}
        .drawing{display:block;margin:0 auto;max-width:100%;height:auto}
        .narrow{display:none}
        .tools{display:flex;flex-wrap:wrap;gap:4px 18px;margin:8px 4px 0;font-size:13px}
        .tools details{margin:0}.tools details[open]{flex-basis:100%;min-width:0}.tools .table{margin:6px 0 0;max-height:420px;overflow:auto}
        .tools table{font-size:13px}.tools th,.tools td{padding:4px 12px}
        .tools summary{margin:0}
        .strips{display:grid;grid-template-columns:repeat(auto-fill,minmax(390px,1fr));gap:14px}
        .strip{background:var(--surface);border:1px solid var(--line);border-radius:10px;\
        padding:12px 16px 14px}
        .strip .heading{font-weight:650;margin-bottom:8px}
        .pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(84px,1fr));gap:12px}
        .picture{min-width:0;font-size:13px;line-height:1.35}
        .picture img{display:block;width:100%;height:auto;image-rendering:pixelated;\
        border-radius:4px;border:1px solid var(--line)}
        .role,.verdict{display:block;overflow-wrap:anywhere}
        .role{color:var(--muted);margin-top:6px}.verdict{font-weight:600}
        details{margin:0 0 16px}summary{cursor:pointer;color:var(--c1);margin-bottom:8px}
        @media (max-width:640px){
        header,main,footer{padding-left:14px;padding-right:14px}header{padding-top:24px}
        h1{font-size:25px}section{margin:32px 0}
        .frame{flex-basis:100%;padding:8px 4px}
        .wide{display:none}.narrow{display:block}
        .scrolled{overflow-x:auto}.scrolled .drawing{max-width:none}
        .strips{grid-template-columns:1fr}th,td{padding:7px 10px}.prose{min-width:92px}
        dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:8px}}
        @media print{
        @page{margin:16mm}
        body{background:#fff;font-size:11pt}nav{display:none}
        header,main,footer{max-width:none;padding-left:0;padding-right:0}
        section{margin:22px 0}h2{break-after:avoid}
        .frame,.strip,.tile,tr,.note{break-inside:avoid}figcaption{break-before:avoid}
        .drawings{display:block}.frame+.frame{margin-top:10px}
        .table,.frame{overflow:visible}.tools{display:none}
        details>*{display:block}\
        *{-webkit-print-color-adjust:exact;print-color-adjust:exact}}

        """
}
