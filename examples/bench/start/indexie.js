import init, { App } from "./bench-start.js";
import { start } from "./start.js";

start({ load: init, open: () => App.open() });
