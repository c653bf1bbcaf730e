// Which module draws which step.

import type { MakeStep, ScreenName } from "./page";
import { answeringStep } from "./steps/answering";
import { attachmentsStep } from "./steps/attachments";
import { connectingStep, noExamStep, otherExamStep } from "./steps/before";
import { confirmStep } from "./steps/confirm";
import { devicesStep } from "./steps/devices";
import { entryStep } from "./steps/entry";
import { finishedStep } from "./steps/finished";
import { loginStep } from "./steps/login";
import { phoneStep } from "./steps/phone";
import { pledgeStep } from "./steps/pledge";
import { recoverStep } from "./steps/recover";
import { uploadStep } from "./steps/upload";
import { waitingStep } from "./steps/waiting";

export const screens: Record<ScreenName, MakeStep> = {
  devices: devicesStep, login: loginStep, phone: phoneStep, attachments: attachmentsStep, pledge: pledgeStep, entry: entryStep, confirm: confirmStep, waiting: waitingStep, answering: answeringStep,
  upload: uploadStep, finished: finishedStep, recover: recoverStep, connecting: connectingStep, "no-exam": noExamStep, "other-exam": otherExamStep,
};
