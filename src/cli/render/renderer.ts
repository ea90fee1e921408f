/** What all ways to show a push have in common. */
import type { ProgressSink } from '../../push/progress.ts';

export interface Renderer extends ProgressSink {
  /** Takes down what is still on display; nothing is shown afterwards. */
  close(): void;
}

/** Where text goes. */
export type Write = (text: string) => void;
