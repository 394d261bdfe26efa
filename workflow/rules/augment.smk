# From trained generators and real images to classifiers' errors, and to what explains them.


rule augment_classifiers:
    """Test error of classifiers trained with one generator's images, for every sigma and mix: Figure 9. Finished arms
    are kept in results/{profile}/arms, no declared output: a job that is run again trains only what is missing."""
    input:
        data=str(PATHS.prepared("{dataset}")),
        model=model_of,
    output:
        str(PATHS.run_table("augmentation", "{dataset}", "{variant}", "{seed}")),
    params:
        code=lambda wildcards: code("augment", model_module(wildcards.variant)),
        slice=lambda wildcards: CONFIG.slice("augment", dataset=wildcards.dataset),
    log:
        log_of("augment/{dataset}-{variant}-seed{seed}"),
    threads: 1
    resources:
        gpu=1,
    shell:
        "nvae augment {wildcards.dataset} --variant {wildcards.variant} --seed {wildcards.seed}"
        " --profile {PROFILE} --data {input.data} --out {output} --threads {threads} 2>&1 | tee {log}"


rule measure_samples:
    """One generator's samples against real images in the classifier's features, for every sigma: Figure S3."""
    input:
        data=str(PATHS.prepared("{dataset}")),
        model=model_of,
        classifier=classifier_of,
    output:
        str(PATHS.run_table("fidelity", "{dataset}", "{variant}", "{seed}")),
    params:
        code=lambda wildcards: code("measure", model_module(wildcards.variant)),
        slice=CONFIG.slice("measure"),
    log:
        log_of("measure/{dataset}-{variant}-seed{seed}"),
    threads: 1
    shell:
        "nvae measure {wildcards.dataset} --variant {wildcards.variant} --seed {wildcards.seed}"
        " --profile {PROFILE} --data {input.data} --out {output} --threads {threads} > {log} 2>&1"
