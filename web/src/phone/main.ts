import { App } from "./app";
import "../candidate/style/base.css";
import "./style/phone.css";
import "./style/film.css";

new App(document.getElementById("app")!).start();
