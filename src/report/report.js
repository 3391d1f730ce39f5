// Draws the charts of report.html with uPlot in place of the pictures that stand there without a
// script, from the data beside each of them. One cursor goes through all charts over time; dragging
// zooms them, a double click shows everything again; a click on a scenario hides it.
(() => {
  'use strict';
  const HEIGHT = {low: 160, full: 280};
  const WHOLE_STEPS = [0, 1, 2, 3, 4, 5, 6].flatMap((decade) =>
    [1, 2, 5].map((factor) => factor * 10 ** decade));
  const drawn = [];
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // Three digits, as in the tables.
  const figure = (value) => value >= 1000 ? Math.round(value).toLocaleString('en-US')
    : String(+value.toPrecision(3));
  const duration = (ns) => {
    if (ns >= 1e9) return figure(ns / 1e9) + ' s';
    if (ns >= 1e6) return figure(ns / 1e6) + ' ms';
    return figure(ns / 1e3) + ' us';
  };
  const FORMATS = {count: figure, rate: (value) => figure(value) + '/s', duration};
  const percentile = (oneIn) => +(100 - 100 / oneIn).toPrecision(8) + ' %';
  const isDecade = (value) => {
    const decade = Math.log10(value);
    return Math.abs(decade - Math.round(decade)) < 1e-9;
  };

  // Decades; where an axis has fewer than two of them, also 2 and 5 of each.
  const marked = (plot, splits, axis) => {
    const {min, max} = plot.scales[axis === 0 ? 'x' : 'y'];
    const isShown = (at, test) => at !== null && at >= min && at <= max && test(at);
    const few = splits.filter((at) => isShown(at, isDecade)).length < 2;
    return splits.map((at) => isShown(at, few ? isRound : isDecade) ? at : null);
  };
  const onlyDecades = (plot, splits) => marked(plot, splits, 0);
  const onlyMarked = (plot, splits) => marked(plot, splits, 1);

  const isRound = (value) => [1, 2, 5].some((factor) => isDecade(value / factor));
  // As in report.txt.
  const timeUnit = (end) => end >= 1 ? [1, ' s'] : end >= 1e-3 ? [1e3, ' ms'] : [1e6, ' us'];

  function seriesOf(line, data) {
    const path = data.steps ? uPlot.paths.stepped({align: 1}) : uPlot.paths.linear();
    const stroke = color('--c' + line.color);
    const few = line.value.filter((value) => value !== null).length < 3;
    return {
      stroke, width: 1.75, dash: line.dash, paths: path, spanGaps: false,
      points: {show: few, size: 6, fill: stroke},
    };
  }

  // The edges of a band are lines without a stroke.
  function edge(data) {
    const path = data.steps ? uPlot.paths.stepped({align: 1}) : uPlot.paths.linear();
    return {width: 0, stroke: 'transparent', paths: path, points: {show: false}};
  }

  function axes(data) {
    const common = {
      stroke: color('--faint'), font: '12px system-ui, sans-serif',
      grid: {stroke: color('--grid'), width: 1}, ticks: {show: false},
    };
    const format = FORMATS[data.unit];
    const widest = (plot, values) =>
      14 + 7 * Math.max(2, ...(values || []).map((value) => (value || '').length));
    const [factor, unit] = timeUnit(data.end);
    const time = {
      ...common, space: 60,
      values: (plot, splits) => splits.map((at) => +(at * factor).toPrecision(9) + unit),
    };
    const percentiles = {
      ...common, space: 50, grid: {...common.grid, filter: onlyDecades},
      values: (plot, splits) => splits.map((at) =>
        at === 2 || (at !== null && isDecade(at)) ? percentile(at) : null),
    };
    const values = {
      ...common, size: widest, ...(data.unit === 'count' ? {incrs: WHOLE_STEPS} : {}),
      ...(data.log ? {filter: (plot, splits) => splits} : {}),
      grid: data.log ? {...common.grid, filter: onlyMarked} : common.grid,
      values: (plot, splits) => (data.log ? onlyMarked(plot, splits) : splits).map((value) =>
        value === null ? null : format(value)),
    };
    return [data.time ? time : percentiles, values];
  }

  function readOut(element, data, indices) {
    const outputs = element.querySelectorAll('.legend output');
    const format = FORMATS[data.unit];
    return (plot) => {
      const at = plot.cursor.idx;
      data.lines.forEach((line, number) => {
        const value = at === null || at === undefined ? null : line.value[at];
        outputs[number].textContent = value === null || value === undefined ? '' : format(value);
        const high = indices[number].high && at !== null && line.high[at];
        if (value !== null && value !== undefined && high && line.high[at] !== line.low[at]) {
          outputs[number].textContent += ` (${format(line.low[at])} to ${format(high)})`;
        }
      });
      const when = element.querySelector('.at');
      if (at === null || at === undefined) when.textContent = '';
      else when.textContent = data.time ? `at ${duration(data.x[at] * 1e9)}` : percentile(data.x[at]);
    };
  }

  function draw(element) {
    const data = JSON.parse(element.querySelector('script').textContent);
    const columns = [data.x];
    const series = [{}];
    const bands = [];
    const indices = [];
    for (const line of data.lines) {
      const index = {value: columns.length};
      columns.push(line.value);
      series.push(seriesOf(line, data));
      if (line.high) {
        index.high = columns.length;
        columns.push(line.high, line.low);
        series.push(edge(data), edge(data));
        const fill = color('--c' + line.color) + '26';
        bands.push({series: [index.high, index.high + 1], fill});
      }
      indices.push(index);
    }
    const holder = document.createElement('div');
    holder.className = 'drawn';
    element.insertBefore(holder, element.querySelector('.frame'));
    element.classList.add('live');
    // All charts over time have the same axis until one is zoomed.
    const everything = (low, high) => low === data.x[0] && high === data.x[data.x.length - 1];
    const time = {time: false, range: (_, low, high) => everything(low, high) ? [0, data.end]
      : [low, high]};
    const height = element.classList.contains('low') ? HEIGHT.low : HEIGHT.full;
    const plot = new uPlot({
      width: Math.max(200, holder.clientWidth), height, series, bands, axes: axes(data),
      legend: {show: false}, padding: [8, data.time ? 28 : 36, 0, 0],
      scales: {
        x: data.time ? time : {time: false, distr: 3},
        y: data.log ? {distr: 3} : {range: (_, low, high) => [0, Math.max(high, data.unit ===
          'count' ? 1 : high) * 1.04 || 1]},
      },
      cursor: data.time ? {sync: {key: 'time', scales: ['x', null]}, y: false} : {y: false},
      hooks: {setCursor: [readOut(element, data, indices)]},
    }, columns, holder);
    element.querySelectorAll('.legend li').forEach((item, number) => {
      item.onclick = () => {
        const shown = item.classList.toggle('off');
        for (const part of indices[number].high ? [0, 1, 2] : [0]) {
          plot.setSeries(indices[number].value + part, {show: !shown});
        }
      };
    });
    return {element, holder, plot, height};
  }

  function drawAll() {
    for (const {element, holder, plot} of drawn.splice(0)) {
      plot.destroy();
      holder.remove();
      element.classList.remove('live');
      element.querySelectorAll('.off').forEach((item) => item.classList.remove('off'));
    }
    document.querySelectorAll('figure.chart').forEach((element) => drawn.push(draw(element)));
  }

  drawAll();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
  let width = innerWidth;
  addEventListener('resize', () => {
    if (innerWidth === width) return;
    width = innerWidth;
    for (const {holder, plot, height} of drawn) {
      plot.setSize({width: Math.max(200, holder.clientWidth), height});
    }
  });
})();
