import { App } from "./app";
import "./style/base.css";
import "./style/frame.css";
import "./style/steps.css";
import "./style/answering.css";

new App(document.getElementById("app")!).start();
