import type { Explanation } from '@backside/security';
import { TraceRing } from './trace-ring.js';
import { WorkBudget } from './work-budget.js';

/** What was refused, and to whom. */
export interface Denial {
  readonly database: string;
  /**
   * As `authorOf` names it: a uid, or null for nobody. A right that ended for many at once, whom the rules do not tell apart,
   * has one trace, which names one of them.
   */
  readonly principal: string | null;
  readonly operation: 'read' | 'write';
  /** What was read, or the deepest path that everything written is below. */
  readonly path: string;
}

/** A refusal as an admin gets to see it. */
export interface DenialTrace extends Denial {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Null if there were more refusals at the time than are explained, or the explanation was too large to keep. */
  readonly explanation: Explanation | null;
}

export interface TraceLogLimits {
  /** Explained refusals that are kept, and as many others. */
  readonly maxTraces: number;
  /** Memory that the explained ones take at most, about; the others take a quarter of that. */
  readonly maxBytes: number;
  /** Memory that one explanation takes at most. */
  readonly maxTraceBytes: number;
  /** Work that is spent on explanations per second, a quarter of it for one principal; explaining a read is 1. */
  readonly workPerSecond: number;
}

export const DEFAULT_TRACE_LOG_LIMITS: TraceLogLimits = {
  maxTraces: 10_000,
  maxBytes: 16 * 1024 * 1024,
  maxTraceBytes: 256 * 1024,
  workPerSecond: 200,
};

export interface TraceLogOptions {
  /** Names this process, so that any other can say whose trace an id is. */
  readonly nodeId: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Unpredictable bytes: where anybody may ask for explanations, knowing an id is the right to see one. */
  readonly randomBytes: (size: number) => Uint8Array;
  readonly limits?: Partial<TraceLogLimits>;
}

/** Of an id's random part: beyond guessing, and few characters. */
const ID_BYTES = 12;
/** What a trace takes beside its texts, about. */
const OVERHEAD_BYTES = 300;

type Refusal = Omit<DenialTrace, 'id' | 'explanation'>;

/**
 * The latest refusals of one process, in all its databases, by trace id. Explaining costs far more than refusing, and whoever is
 * refused can ask again at once; so only so much of it is done per second. A refusal beyond that gets an id and is kept without
 * its explanation, apart from the explained ones, which it cannot drive out.
 */
export class TraceLog {
  readonly #options: TraceLogOptions;
  readonly #limits: TraceLogLimits;
  readonly #explained: TraceRing<Refusal>;
  readonly #plain: TraceRing<Refusal>;
  readonly #budget: WorkBudget;

  constructor(options: TraceLogOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_TRACE_LOG_LIMITS, ...options.limits };
    const { maxTraces, maxBytes, workPerSecond } = this.#limits;
    this.#explained = new TraceRing({ maxTraces, maxBytes });
    this.#plain = new TraceRing({ maxTraces, maxBytes: maxBytes / 4 });
    this.#budget = new WorkBudget(workPerSecond, options.now());
  }

  /** Keeps a refusal and returns its id. `explain` is called at once or never; `work`, at least 1, says how much that costs. */
  record(denial: Denial, work: number, explain: () => Explanation): string {
    const time = this.#options.now();
    const id = this.#newId();
    const text = this.#budget.spend(denial.principal, work, time) ? JSON.stringify(explain()) : null;
    const refusal = { ...denial, time };
    if (text === null || bytesOf(text) > this.#limits.maxTraceBytes) {
      this.#plain.add(id, { refusal, text: null, bytes: refusalBytes(denial) });
    } else {
      this.#explained.add(id, { refusal, text, bytes: refusalBytes(denial) + bytesOf(text) });
    }
    return id;
  }

  #newId(): string {
    const random = Buffer.from(this.#options.randomBytes(ID_BYTES)).toString('base64url');
    return `${this.#options.nodeId}.${random}`;
  }

  /** The refusal; null if it is not of this process, or forgotten. */
  find(id: string): DenialTrace | null {
    const kept = this.#explained.find(id) ?? this.#plain.find(id);
    if (kept === undefined) return null;
    const { refusal, text } = kept;
    return { id, ...refusal, explanation: text === null ? null : (JSON.parse(text) as Explanation) };
  }
}

function refusalBytes({ path, principal }: Denial): number {
  return OVERHEAD_BYTES + bytesOf(path) + bytesOf(principal ?? '');
}

/** What a string takes in memory at most. */
function bytesOf(text: string): number {
  return 2 * text.length;
}

/** The node whose `TraceLog` made the id; null if it is not the form of one. */
export function nodeOfTrace(id: string): string | null {
  const match = /^(.{1,128})\.[A-Za-z0-9_-]{16}$/.exec(id);
  return match === null ? null : match[1]!;
}
