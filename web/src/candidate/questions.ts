// Questions that were released: kept through reloads and times without network, and which of them is being answered.

import type { Question, Questions } from "./api";
import { tab } from "./memory";

export interface Asked {
  question: Question;
  phase: "prepare" | "answer" | "over";
  /** When the phase ends; microseconds by the server's clock. */
  until: number;
}

/** The question of this moment: the last one that has begun. now is null while the server's time is not known. */
export function current(questions: readonly Question[], now: number | null): Asked | null {
  const begun = questions.filter((question) => now === null || question.from <= now);
  const question = begun.at(-1);
  if (!question) return null;
  if (now === null || now < question.answerFrom) return { question, phase: "prepare", until: question.answerFrom };
  return { question, phase: now < question.until ? "answer" : "over", until: question.until };
}

/** A list that is older than another must not take its place: pushed and asked-for answers overtake each other. */
export const newer = (a: Questions | null, b: Questions): Questions => (a && a.serverTime > b.serverTime ? a : b);

const key = (attempt: string) => `questions.${attempt}`;

export const keep = (attempt: string, questions: Questions): void => tab.remember(key(attempt), questions);
export const kept = (attempt: string): Questions | null => tab.recall<Questions>(key(attempt));
export const drop = (attempt: string): void => tab.forget(key(attempt));
