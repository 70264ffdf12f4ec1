export { attentionOverWaveform } from './attention.ts';
export { compareEvidence, type ComparedRun } from './compare-evidence.ts';
export { comparisonTable, writeComparison } from './compare-report.ts';
export { readEvidence, type Evidence, type Training } from './evidence.ts';
export type { Figure, Table } from './figure.ts';
export { RANDOM_SPLIT_CAVEAT, writeRunReport, type ReportFiles } from './run-report.ts';
export { writeReportFiles } from './write-files.ts';
