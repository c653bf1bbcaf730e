import { createApp } from "vue";
import App from "./App.vue";
import { router } from "./router";
import "./staff.css";

createApp(App).use(router).mount("#app");
