// What pages gain where scripts run: the reader's own time, figures on hover, news as it comes.
import { showTimes } from "./times.js";
import { readCharts } from "./charts.js";
import { follow } from "./live.js";

function dress(root) {
  showTimes(root);
  readCharts(root);
}

dress(document);
const live = document.querySelector("[data-live]");
if (live) follow(live, dress);
