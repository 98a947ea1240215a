import { DemoError } from './errors.ts';

/** What the function answers for one text; the contract is in docs/architecture.md. */
export interface Answer {
  model: { name: string; version: string };
  label: string;
  score: number;
  ms: number;
}

/** Mails written for the demo, none from the corpus: what a reader can judge for themselves. */
export const sampleMails = [
  'Lunch on Thursday?\n\nHi Anna, are we still on for Thursday at noon? The place on the corner has a table. Bring the slides if they are ready.',
  'CONGRATULATIONS YOU ARE A WINNER\n\nDear friend, you have been selected to receive $1,000,000 USD. Click here now to claim your FREE prize, limited time offer! Send your bank details today.',
  '[PATCH] fix race in the scheduler\n\n> I still see the oops with 2.4.19.\nCan you try the attached patch? It takes the lock before the list is walked. Works for me on SMP.',
  'Lose weight fast - 100% guaranteed\n\nOur amazing herbal pills burn fat while you sleep. No diet, no exercise, money back guarantee. Order now and save 50%! To be removed from this mailing list reply with REMOVE.',
  'Minutes of the perl user group\n\nHi all, the minutes of the meeting last night are on the wiki. Next month we talk about testing modules. If you want to give a talk, write to the list.',
];

/** Asks the function URL about one text over HTTP; throws `DemoError` when the answer is not a prediction. */
export async function ask(url: string, text: string): Promise<Answer> {
  const startedAt = performance.now();
  const response = await fetch(new URL('predict', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text }),
  });
  const body = await response.text();
  const ms = performance.now() - startedAt;
  const answer = response.ok ? JSON.parse(body) : undefined;
  const prediction = answer?.predictions?.[0];
  if (typeof prediction?.label !== 'string' || typeof prediction?.score !== 'number')
    throw new DemoError(
      `[POST] ${url}predict: ${response.status} ${body.slice(0, 300)}`,
      'The function is live but did not answer with a prediction: its log is in .mainline/demo/aws.',
    );
  return { model: answer.model, label: prediction.label, score: prediction.score, ms };
}
