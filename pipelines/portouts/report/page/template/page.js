// Draws each chart of the page again, with values under the pointer; offers its data and its picture; sets the period.
(() => {
  "use strict";
  const ERRORS = 1; // of Vega's levels of logging
  const NARROW = NARROW_CONFIG;
  const page = document.documentElement;
  const form = document.getElementById("period");
  // Rows are stored by column, and each text of a column once.
  const rowsOf = ({ columns }) => {
    const stored = Object.entries(columns).map(([name, { texts, at, values }]) =>
      [name, texts ? at.map((place) => texts[place]) : values]);
    return stored[0][1].map((_, row) => Object.fromEntries(stored.map(([name, column]) => [name, column[row]])));
  };
  const unpacked = (spec) => {
    const datasets = Object.entries(spec.datasets || {}).map(([name, rows]) => [name, rows.columns ? rowsOf(rows) : rows]);
    return { ...spec, datasets: Object.fromEntries(datasets) };
  };
  const figures = [...document.querySelectorAll("figure.chart:has(> script)")].map((figure) => {
    const spec = unpacked(JSON.parse(figure.querySelector("script[type='application/json']").textContent));
    return { figure, spec, view: null, isNarrow: null };
  });
  const hasPeriod = (spec) => (spec.params || []).some((param) => param.name === "since");
  const chosen = () => form.querySelector("input:checked");
  const isNarrow = (figure) => figure.clientWidth <= 480;
  const narrowConfig = (figure) => // the labels of two columns are wider than the smallest screens
    figure.clientWidth < 300 ? { ...NARROW, legend: { ...NARROW.legend, columns: 1 } } : NARROW;

  const configured = (spec, extra) => {
    const params = (spec.params || []).map((param) =>
      param.name === "since" ? { ...param, value: chosen().dataset.since } : param);
    const config = { ...spec.config };
    for (const [name, part] of Object.entries(extra)) config[name] = { ...config[name], ...part };
    return { ...spec, params, config };
  };

  const draw = async (chart) => {
    chart.isNarrow = isNarrow(chart.figure);
    const { title, ...spec } = configured(chart.spec, chart.isNarrow ? narrowConfig(chart.figure) : {});
    spec.config.aria = false; // the figure has a description, and a table
    if (chart.view) chart.view.finalize();
    const place = chart.figure.querySelector(".live");
    const { view } = await vegaEmbed(place, spec, { actions: false, renderer: "svg", logLevel: ERRORS });
    chart.view = view;
    chart.figure.classList.add("drawn");
  };

  const save = (name, content) => {
    const link = document.createElement("a");
    link.download = name;
    link.href = typeof content === "string" ? content : URL.createObjectURL(content);
    link.click();
  };

  // A chart as a file has its title, and the colours of white paper.
  const pictured = async (chart) => {
    const spec = configured(chart.spec, {});
    if (spec.width === "container") spec.width = 720;
    const { view } = await vegaEmbed(document.createElement("div"), { ...spec, background: "#ffffff", padding: 16 }, { actions: false, logLevel: ERRORS });
    return view;
  };
  const asPng = async (chart) => save(`${chart.figure.id}.png`, await (await pictured(chart)).toImageURL("png", 2));
  const asSvg = async (chart) =>
    save(`${chart.figure.id}.svg`, new Blob([await (await pictured(chart)).toSVG()], { type: "image/svg+xml" }));

  const rowSets = (spec) => {
    const inner = ["layer", "hconcat", "vconcat", "concat"].flatMap((name) => spec[name] || []).concat(spec.spec || []);
    const own = [...Object.values(spec.datasets || {}), ...(spec.data && Array.isArray(spec.data.values) ? [spec.data.values] : [])];
    return own.concat(inner.flatMap(rowSets)).filter((rows) => rows.length);
  };
  // A spreadsheet takes a text that begins with one of these for a formula.
  const cell = (value) => {
    if (value === null || value === undefined) return "";
    const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  const csv = (rows) => {
    const columns = [...new Set(rows.flatMap(Object.keys))];
    return [columns, ...rows.map((row) => columns.map((name) => row[name]))].map((row) => row.map(cell).join(",")).join("\r\n");
  };
  const asCsv = (chart) =>
    save(`${chart.figure.id}.csv`, new Blob(["\ufeff", rowSets(chart.spec).map(csv).join("\r\n\r\n"), "\r\n"], { type: "text/csv" }));

  const offer = (chart) => {
    const details = chart.figure.querySelector(".values");
    const actions = document.createElement("div");
    actions.className = "actions";
    for (const [label, action] of [["CSV", asCsv], ["PNG", asPng], ["SVG", asSvg]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.title = `Save this chart as ${label}`;
      button.addEventListener("click", () => action(chart));
      actions.append(button);
    }
    if (details) details.before(actions);
    else chart.figure.append(actions);
  };

  const drawn = (async () => {
    for (const chart of figures) {
      offer(chart);
      try {
        await draw(chart);
      } catch (error) {
        console.error(`${chart.figure.id}: the picture stays as it is`, error);
      }
    }
    page.dataset.drawn = figures.length;
  })();

  form.addEventListener("change", async () => {
    page.dataset.period = chosen().value;
    await drawn;
    await Promise.all(figures.filter((chart) => chart.view && hasPeriod(chart.spec)).map((chart) =>
      chart.view.signal("since", chosen().dataset.since).runAsync()));
    page.dataset.shown = chosen().value;
  });
  addEventListener("resize", async () => {
    await drawn;
    for (const chart of figures) if (chart.view && chart.isNarrow !== isNarrow(chart.figure)) await draw(chart);
  });

  form.reset();
  page.classList.add("scripted");
  const reacts = figures.some((chart) => hasPeriod(chart.spec)) || document.querySelector("main [data-period]");
  form.classList.toggle("unused", !reacts);
})();
