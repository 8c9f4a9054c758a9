export interface Referee {
  /** Runs one scenario; what it throws is its failure, and the next one still runs. */
  scenario(sentence: string, play: () => Promise<string | undefined>): Promise<void>;
  failed(sentence: string, why: string): void;
  passes(): number;
  failures(): number;
}

/** `RIG_ONLY`: a regular expression; only scenarios whose sentence it matches are played. */
export function createReferee(): Referee {
  const only = process.env.RIG_ONLY === undefined ? null : new RegExp(process.env.RIG_ONLY);
  let passed = 0;
  let failures = 0;
  const failed = (sentence: string, why: string) => {
    failures++;
    console.log(`not ok - ${sentence}\n#   ${why}`);
  };
  return {
    async scenario(sentence, play) {
      if (only !== null && !only.test(sentence)) return;
      try {
        const remark = await play();
        passed++;
        console.log(`ok - ${sentence}${remark === undefined ? "" : ` (${remark})`}`);
      } catch (error) {
        failed(sentence, (error as Error).message);
      }
    },
    failed,
    passes: () => passed,
    failures: () => failures,
  };
}
