// Times in the reader's own zone and manner; what they are in UTC shows on hover.
const today = { hour: "2-digit", minute: "2-digit" };
const before = { day: "numeric", month: "short", ...today };
const farBefore = { year: "numeric", ...before };

export function showTimes(root) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    element.title = `${element.dateTime.slice(0, 19).replace("T", " ")} UTC`;
    element.textContent = moment.toLocaleString(undefined, form(moment));
  }
  for (const element of root.querySelectorAll("[data-hour]")) {
    element.textContent = new Date(element.dataset.hour).toLocaleTimeString(undefined, today);
  }
}

function form(moment) {
  const now = new Date();
  if (moment.toDateString() === now.toDateString()) return today;
  return moment.getFullYear() === now.getFullYear() ? before : farBefore;
}
