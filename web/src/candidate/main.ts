import { camera, display, recorder, secure, storage } from "../check/checks";
import { checkPage } from "../check/page";

checkPage(document.getElementById("app")!, "check.candidateTitle", "check.candidateText", [secure, recorder, display, storage, camera]);
