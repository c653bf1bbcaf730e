// Which module shows which step.

import type { MakeStep } from "./page";
import type { Step } from "./stepnow";
import { allowStep } from "./steps/allow";
import { doneStep } from "./steps/done";
import { filmStep } from "./steps/film";
import { joinStep } from "./steps/join";
import { panStep } from "./steps/pan";
import { placeStep } from "./steps/place";
import { sendStep } from "./steps/send";

export const steps: Record<Step, MakeStep> = { join: joinStep, allow: allowStep, pan: panStep, place: placeStep, film: filmStep, send: sendStep, done: doneStep };
