# From trained models to tidy tables.

ALL_TABLES = sorted(
    {
        *(str(path) for figure in FIGURES for path in figure.tables(PATHS, CONFIG.datasets).values()),
        *(str(PATHS.table(*need)) for need in CLAIM_NEEDS),
        *(str(PATHS.table(table, *run)) for run in SHOWN for table in run_tables(run[1])),
    }
)


rule detect_kl:
    """KL per latent dimension and class of one model: Figures 5 and 10."""
    input:
        data=str(PATHS.prepared("{dataset}")),
        model=model_of,
    output:
        str(PATHS.run_table("kl", "{dataset}", "{variant}", "{seed}")),
    params:
        code=lambda wildcards: code("detect", model_module(wildcards.variant)),
    log:
        log_of("detect/{dataset}-{variant}-seed{seed}"),
    threads: 1
    shell:
        "nvae detect {wildcards.dataset} --variant {wildcards.variant} --seed {wildcards.seed}"
        " --profile {PROFILE} --data {input.data} --out {output} --threads {threads} > {log} 2>&1"


rule evaluate_model:
    """Bound, accuracy, KL sums and factor probes of one model: the summary of metrics."""
    input:
        data=str(PATHS.prepared("{dataset}")),
        model=model_of,
    output:
        str(PATHS.run_table("metrics", "{dataset}", "{variant}", "{seed}")),
    params:
        code=lambda wildcards: code("evaluate", model_module(wildcards.variant)),
        slice=CONFIG.slice("evaluate"),
    log:
        log_of("evaluate/{dataset}-{variant}-seed{seed}"),
    threads: 1
    shell:
        "nvae evaluate {wildcards.dataset} --variant {wildcards.variant} --seed {wildcards.seed}"
        " --profile {PROFILE} --data {input.data} --out {output} --threads {threads} > {log} 2>&1"


rule traverse_latents:
    """Images along the latents of the first seed's model: Figures 1, 2, 6, 7 and 8."""
    input:
        data=str(PATHS.prepared("{dataset}")),
        model=first_model_of,
    output:
        str(PATHS.traversal("{dataset}", "{variant}", "{kind}")),
    params:
        code=lambda wildcards: code("traverse", model_module(wildcards.variant)),
        slice=CONFIG.slice("traverse"),
        seed=first_seed,
    log:
        log_of("traverse/{dataset}-{variant}-{kind}"),
    threads: 1
    shell:
        "nvae traverse {wildcards.dataset} --variant {wildcards.variant} --kind {wildcards.kind} --seed {params.seed}"
        " --profile {PROFILE} --data {input.data} --out {output} --threads {threads} > {log} 2>&1"


rule sample_images:
    """Samples of the first seed's model at growing sigma: Figure 11."""
    input:
        model=first_model_of,
    output:
        str(PATHS.samples("{dataset}", "{variant}")),
    params:
        code=lambda wildcards: code("sample", model_module(wildcards.variant)),
        slice=CONFIG.slice("sample"),
        seed=first_seed,
    log:
        log_of("sample/{dataset}-{variant}"),
    threads: 1
    shell:
        "nvae sample {wildcards.dataset} --variant {wildcards.variant} --seed {params.seed}"
        " --profile {PROFILE} --out {output} --threads {threads} > {log} 2>&1"


rule encode_images:
    """One posterior sample a test image from the first seed's model: Figure 3."""
    input:
        data=str(PATHS.prepared("{dataset}")),
        model=first_model_of,
    output:
        str(PATHS.posterior("{dataset}", "{variant}")),
    params:
        code=lambda wildcards: code("encode", model_module(wildcards.variant)),
        seed=first_seed,
    log:
        log_of("encode/{dataset}-{variant}"),
    threads: 1
    shell:
        "nvae encode {wildcards.dataset} --variant {wildcards.variant} --seed {params.seed}"
        " --profile {PROFILE} --data {input.data} --out {output} --threads {threads} > {log} 2>&1"


rule describe_aggregate:
    """Numbers about one model's aggregate posterior: Figure 3."""
    input:
        data=str(PATHS.prepared("{dataset}")),
        model=model_of,
    output:
        str(PATHS.run_table("aggregate", "{dataset}", "{variant}", "{seed}")),
    params:
        code=lambda wildcards: code("aggregate", model_module(wildcards.variant)),
        slice=CONFIG.slice("aggregate"),
    log:
        log_of("aggregate/{dataset}-{variant}-seed{seed}"),
    threads: 1
    shell:
        "nvae aggregate {wildcards.dataset} --variant {wildcards.variant} --seed {wildcards.seed}"
        " --profile {PROFILE} --data {input.data} --out {output} --threads {threads} > {log} 2>&1"


rule probe_factors:
    """Which latents of one model know which factor, and what KL says of the factors' kind: Figures S7 and S8."""
    input:
        data=str(PATHS.prepared("{dataset}")),
        model=model_of,
    output:
        str(PATHS.run_table("factors", "{dataset}", "{variant}", "{seed}")),
    params:
        code=lambda wildcards: code("probe", model_module(wildcards.variant)),
        slice=CONFIG.slice("probe"),
    log:
        log_of("probe/{dataset}-{variant}-seed{seed}"),
    threads: 1
    shell:
        "nvae probe {wildcards.dataset} --variant {wildcards.variant} --seed {wildcards.seed}"
        " --profile {PROFILE} --data {input.data} --out {output} --threads {threads} > {log} 2>&1"


rule calibrate_detector:
    """What KL says of the share of class-exclusive factors where it is set, one model at every setting: Figure S8.
    Draws its data and keeps no model: there would be a hundred of them."""
    output:
        str(PATHS.run_table("calibration", "{dataset}", "{variant}", "{seed}")),
    params:
        code=lambda wildcards: code("calibrate", model_module(wildcards.variant), recipe_module(wildcards.dataset)),
        slice=lambda wildcards: CONFIG.slice("calibrate", dataset=wildcards.dataset, variant=wildcards.variant),
    log:
        log_of("calibrate/{dataset}-{variant}-seed{seed}"),
    threads: 1
    resources:
        gpu=1,
    # It is long and waits for nothing: begun last, it would keep the other cores waiting.
    priority: 1
    shell:
        "nvae calibrate {wildcards.dataset} --variant {wildcards.variant} --seed {wildcards.seed}"
        " --profile {PROFILE} --out {output} --threads {threads} 2>&1 | tee {log}"


rule measure_responses:
    """How much images change along each latent of one model, and which marks come and go: claims C7 and C14."""
    input:
        data=str(PATHS.prepared("{dataset}")),
        model=model_of,
    output:
        str(PATHS.run_table("responses", "{dataset}", "{variant}", "{seed}")),
    params:
        code=lambda wildcards: code("respond", model_module(wildcards.variant)),
        slice=lambda wildcards: CONFIG.slice("respond", dataset=wildcards.dataset),
    log:
        log_of("respond/{dataset}-{variant}-seed{seed}"),
    threads: 1
    shell:
        "nvae respond {wildcards.dataset} --variant {wildcards.variant} --seed {wildcards.seed}"
        " --profile {PROFILE} --data {input.data} --out {output} --threads {threads} > {log} 2>&1"


rule collect_table:
    """One tidy table over seeds."""
    input:
        tables=run_tables_of,
    output:
        str(PATHS.table("{table}", "{dataset}", "{variant}")),
    params:
        code=code("collect"),
    log:
        log_of("collect/{table}-{dataset}-{variant}"),
    localrule: True
    threads: 1
    shell:
        "nvae collect {input.tables} --out {output} > {log} 2>&1"


rule collect_history:
    """The training histories over seeds."""
    input:
        tables=histories_of,
    output:
        str(PATHS.table("history", "{dataset}", "{variant}")),
    params:
        code=code("collect"),
    log:
        log_of("collect/history-{dataset}-{variant}"),
    localrule: True
    threads: 1
    shell:
        "nvae collect {input.tables} --out {output} > {log} 2>&1"


rule collect_ablation:
    """The metrics of every variant in which one key of the model is another, on three data sets: Figures S5 and S6."""
    input:
        tables=ablated_tables_of,
    output:
        str(PATHS.ablation("{key}")),
    params:
        code=code("collect"),
        values=ablated_values,
    log:
        log_of("collect/ablations-{key}"),
    localrule: True
    threads: 1
    shell:
        "nvae collect {input.tables} --key {wildcards.key} --profile {PROFILE} --out {output} > {log} 2>&1"


rule summarise_metrics:
    """The test metrics in one small file, for `dvc metrics show`."""
    input:
        tables=[str(PATHS.table("metrics", *run)) for run in SHOWN],
    output:
        str(PATHS.metrics),
    params:
        code=code("summarise"),
    log:
        log_of("summarise/metrics"),
    localrule: True
    threads: 1
    shell:
        "nvae summarise {input.tables} --out {output} > {log} 2>&1"
