# From prepared sets to trained models.

ALL_MODELS = [
    str(PATHS.model(dataset, variant, seed) / "weights.safetensors")
    for dataset, variant in RUNS
    for seed in CONFIG.seeds_of(dataset)
]


rule train_model:
    """One model on one data set with one seed: every table needs it. Its checkpoint is no declared
    output, since Snakemake deletes the outputs of a job that fails; a job that is run again resumes."""
    input:
        data=str(PATHS.prepared("{dataset}")),
        judge=lambda wildcards: judge_of(wildcards) if model_spec(wildcards.variant).watched else [],
    output:
        **{key: str(PATHS.model("{dataset}", "{variant}", "{seed}") / name) for key, name in MODEL_FILES.items()},
    params:
        code=lambda wildcards: train_code(wildcards.variant),
        slice=lambda wildcards: CONFIG.slice("train", **wildcards),
    log:
        log_of("train/{dataset}-{variant}-seed{seed}"),
    benchmark:
        str(PATHS.results / "benchmarks/train/{dataset}-{variant}-seed{seed}.tsv")
    threads: 1
    resources:
        gpu=1,
    shell:
        "nvae train {wildcards.dataset} --variant {wildcards.variant} --seed {wildcards.seed}"
        " --profile {PROFILE} --data {input.data} --threads {threads} 2>&1 | tee {log}"
