import { MarsError } from '@mars/core';
import type { Protocol } from '@mars/training';
import { parseProtocol, PROTOCOL_DESCRIPTIONS } from '@mars/training/choices';
import { InvalidArgumentError, Option, type Command } from 'commander';

/** What `addProtocolOptions` adds. */
export interface ProtocolOptions {
  protocol: Protocol;
  testCorpus?: string;
}

/** Adds `--protocol` and `--test-corpus`, and to the help what protocols there are. */
export function addProtocolOptions(command: Command, { byDefault }: { byDefault?: Protocol } = {}): Command {
  const protocol = new Option('-p, --protocol <name>', 'how clips are divided; see below').argParser(
    takeProtocol,
  );
  if (byDefault === undefined) protocol.makeOptionMandatory();
  else protocol.default(byDefault);
  return command
    .addOption(protocol)
    .option('--test-corpus <name>', 'under protocol cross: the corpus to test (each in turn)')
    .addHelpText('after', protocolHelp);
}

function takeProtocol(name: string): Protocol {
  try {
    return parseProtocol(name);
  } catch (error) {
    throw error instanceof MarsError ? new InvalidArgumentError(error.message) : error;
  }
}

function protocolHelp(): string {
  const rows = Object.entries(PROTOCOL_DESCRIPTIONS);
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  const lines = rows.map(([name, description]) => `  ${name.padEnd(width)}${description}`);
  return `\nProtocols (k is a whole number, as in enrol-3):\n${lines.join('\n')}`;
}
