// The figures of the column under the pointer, in a line below the chart.
export function readCharts(root) {
  for (const chart of root.querySelectorAll("[data-chart]")) {
    const readout = chart.querySelector("[data-readout]");
    const hours = chart.querySelector("[data-hour]") !== null;
    const rest = `Point at a column for its figures${hours ? "" : "; days are those of UTC"}`;
    readout.textContent = rest;
    for (const column of chart.querySelectorAll(".column")) {
      const title = column.querySelector("title");
      const said = local(column, title.textContent);
      title.remove(); // The line says it at once; the browser's own hint would cover the chart.
      column.addEventListener("pointerenter", () => {
        readout.textContent = said;
      });
    }
    chart.querySelector("svg").addEventListener("pointerleave", () => {
      readout.textContent = rest;
    });
  }
}

function local(column, said) {
  const hour = column.dataset.at && new Date(column.dataset.at);
  if (!hour) return said;
  const written = hour.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  return said.replace(/^.*? UTC/, written);
}
