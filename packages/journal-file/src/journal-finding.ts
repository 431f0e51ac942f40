/** Something that is not as it should be. */
export interface JournalFinding {
  /**
   * `torn-tail`: an unfinished write at the very end; normal while the owner runs and after a crash.
   * `damage`: bytes that had been acknowledged are wrong or gone. `gap`: revisions between two segments are missing.
   * `header`: a segment cannot be recognised. `epoch`: a segment names another history than the first one.
   */
  readonly kind: 'torn-tail' | 'damage' | 'gap' | 'header' | 'epoch';
  readonly file: string;
  /** Where in the file; everything before it is sound. */
  readonly offset: number;
  readonly problem: string;
}
