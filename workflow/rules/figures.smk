# Rules from tables to figures; each figure in the list of nvae/figures has one of the same name.

from functools import partial

for figure in FIGURES:

    rule:
        """One figure as PDF and PNG with its caption, drawn from its tables alone; nvae/figures has the caption."""
        name:
            figure.name
        input:
            **inputs(PIPELINE.figure(figure)),
        output:
            pdf=str(PATHS.figures / f"{figure.name}.pdf"),
            png=report(
                str(PATHS.figures / f"{figure.name}.png"),
                caption="../report/figure.rst",
                category=figure.section,
                labels=figure.labels(PROFILE, CONFIG.datasets, CONFIG.seeds_of),
            ),
            caption=str(PATHS.figures / f"{figure.name}.rst"),
        params:
            **plan_of(partial(PIPELINE.figure, figure)),
            figure=lambda wildcards, threads, name=figure.name: name,
            out=lambda wildcards, threads: str(PATHS.figures),
        log:
            log_of(f"draw/{figure.name}"),
        localrule: True
        threads: 1
        shell:
            "nvae draw {params.figure} --profile {PROFILE} --out {params.out} --plan {params.plan} > {log} 2>&1"
