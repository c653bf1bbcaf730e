import { camera, recorder, secure, storage, wake } from "../check/checks";
import { checkPage } from "../check/page";

checkPage(document.getElementById("app")!, "check.phoneTitle", "check.phoneText", [secure, recorder, storage, wake, camera]);
