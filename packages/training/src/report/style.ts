import { declareColours } from './palette.ts';

/** The style sheet of a report: a column of text on a phone, a page in print, light or dark as the reader has it. */
export const STYLE = `
:root{color-scheme:light dark;${declareColours('light')};
  --serif:"Iowan Old Style","Palatino Linotype",Palatino,"Book Antiqua",Georgia,"DejaVu Serif",serif;
  --sans:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif}
@media screen and (prefers-color-scheme:dark){:root{${declareColours('dark')}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:17px/1.55 var(--serif)}
main{max-width:732px;margin:0 auto;padding:48px 16px 64px}
h1,h2,h3{line-height:1.25;font-weight:600;text-wrap:balance}
h1{font-size:30px;margin:0 0 6px}
h2{font-size:22px;margin:56px 0 12px;padding-top:14px;border-top:1px solid var(--rule)}
p{margin:0 0 14px}
a{color:var(--accent)}
code{font:.84em ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:nowrap}
.byline,figcaption,.note,summary,table,.headline{font-family:var(--sans)}
.byline{color:var(--soft);font-size:14px;margin-bottom:28px}
.headline{margin:0 0 18px;padding:0}
.headline dt{font-size:14px;color:var(--soft)}
.headline dd{margin:0}
.headline .figure{font-size:52px;line-height:1.1;font-weight:600;letter-spacing:-.02em;white-space:nowrap}
.headline .figure small{font-size:22px;font-weight:400;letter-spacing:0;color:var(--soft)}
.headline .spread{font-size:15px}
.caveat{border-left:4px solid var(--second);padding:2px 0 2px 14px;margin:0 0 20px}
figure{margin:26px 0 34px;break-inside:avoid}
figure svg{display:block;max-width:100%;height:auto;font-family:var(--sans);font-variant-numeric:tabular-nums}
figure svg.narrow{display:none}
figcaption{font-size:14px;line-height:1.5;color:var(--soft);margin-top:10px}
figcaption b{color:var(--ink)}
.scroll{overflow-x:auto;margin:10px 0 20px}
table{width:100%;border-collapse:collapse;font-size:14px;line-height:1.35;font-variant-numeric:tabular-nums}
th,td{padding:5px 12px 5px 0;text-align:right;vertical-align:top}
th:first-child,td:first-child,td.text,th.text{text-align:left}
td.text{min-width:7em}
td:not(.text){white-space:nowrap}
thead th{font-weight:600;border-bottom:1px solid var(--ink);vertical-align:bottom}
tbody th{font-weight:400;white-space:nowrap}
tbody tr+tr>*{border-top:1px solid var(--rule)}
details{margin:8px 0 0}
summary{font-size:14px;color:var(--soft);cursor:pointer;padding:4px 0}
details .scroll{max-height:420px;overflow:auto}
.note{font-size:14px;color:var(--soft);margin:18px 0 0;break-after:avoid}
@media screen and (max-width:560px){
  body{font-size:16px}
  main{padding-top:24px}
  h1{font-size:25px}
  h2{font-size:20px;margin-top:44px}
  .headline .figure{font-size:42px}
  figure svg.wide{display:none}
  figure svg.narrow{display:block}
  table{font-size:13px}
  tbody th{white-space:normal}
  th,td{padding-right:6px}
}
@media print{
  @page{margin:18mm 16mm}
  body{font-size:10.5pt}
  main{max-width:none;padding:0}
  h2{margin-top:26pt;break-after:avoid}
  details{display:none}
  tr,figure,.headline,.caveat{break-inside:avoid}
  a{color:inherit;text-decoration:none}
  .scroll{overflow:visible}
}`
  .trim()
  .replaceAll(/\n\s*/g, '\n');
