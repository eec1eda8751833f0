resource "aws_security_group" "nodes" {
  name        = "${var.name}-node"
  description = "EKS node shared security group"
  vpc_id      = aws_vpc.this.id
  tags = {
    Name                                = "${var.name}-node"
    "kubernetes.io/cluster/${var.name}" = "owned"
  }
}

locals {
  node_rules = {
    ingress_cluster_443   = { protocol = "tcp", from_port = 443, to_port = 443, type = "ingress", cluster = true }
    ingress_kubelet       = { protocol = "tcp", from_port = 10250, to_port = 10250, type = "ingress", cluster = true }
    ingress_self_coredns  = { protocol = "tcp", from_port = 53, to_port = 53, type = "ingress", self = true }
    ingress_self_dns_udp  = { protocol = "udp", from_port = 53, to_port = 53, type = "ingress", self = true }
    ingress_nodes_high    = { protocol = "tcp", from_port = 1025, to_port = 65535, type = "ingress", self = true }
    egress_all            = { protocol = "-1", from_port = 0, to_port = 0, type = "egress", cidrs = ["0.0.0.0/0"] }
    ingress_cluster_hooks = { protocol = "tcp", from_port = 9443, to_port = 9443, type = "ingress", cluster = true }
  }
}

resource "aws_security_group_rule" "nodes" {
  for_each                 = local.node_rules
  security_group_id        = aws_security_group.nodes.id
  type                     = each.value.type
  protocol                 = each.value.protocol
  from_port                = each.value.from_port
  to_port                  = each.value.to_port
  description              = each.key
  self                     = try(each.value.self, null)
  cidr_blocks              = try(each.value.cidrs, null)
  source_security_group_id = try(each.value.cluster, false) ? aws_security_group.cluster.id : null
}

resource "aws_iam_role" "nodes" {
  for_each              = local.node_groups
  name                  = "${var.name}-${each.key}"
  force_detach_policies = true
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "EKSNodeAssumeRole", Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

locals {
  node_groups = {
    workers = { type = "t3.medium", count = 2, capacity = "ON_DEMAND", labels = { role = "workers" }, taints = [] }
    system  = { type = "t3.large", count = 1, capacity = "ON_DEMAND", labels = { role = "system" }, taints = ["system"] }
  }
  node_policies = ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly"]
  attachments   = { for pair in setproduct(keys(local.node_groups), local.node_policies) : "${pair[0]}-${pair[1]}" => pair }
}

resource "aws_iam_role_policy_attachment" "nodes" {
  for_each   = local.attachments
  role       = aws_iam_role.nodes[each.value[0]].name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/${each.value[1]}"
}

resource "aws_launch_template" "nodes" {
  for_each               = local.node_groups
  name_prefix            = "${each.key}-"
  description            = "Custom launch template for ${each.key} EKS managed node group"
  update_default_version = true
  vpc_security_group_ids = [aws_security_group.nodes.id, aws_eks_cluster.this.vpc_config[0].cluster_security_group_id]

  metadata_options {
    http_endpoint               = "enabled"
    http_put_response_hop_limit = 2
    http_tokens                 = "required"
  }

  monitoring {
    enabled = true
  }

  dynamic "tag_specifications" {
    for_each = ["instance", "volume", "network-interface"]
    content {
      resource_type = tag_specifications.value
      tags          = { Name = each.key, "made-by" = "terraform" }
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_eks_node_group" "this" {
  for_each               = local.node_groups
  cluster_name           = aws_eks_cluster.this.name
  node_role_arn          = aws_iam_role.nodes[each.key].arn
  subnet_ids             = aws_subnet.private[*].id
  node_group_name_prefix = "${each.key}-"
  ami_type               = "AL2023_x86_64_STANDARD"
  capacity_type          = each.value.capacity
  instance_types         = [each.value.type]
  labels                 = each.value.labels
  version                = aws_eks_cluster.this.version

  scaling_config {
    min_size     = 1
    max_size     = 3
    desired_size = each.value.count
  }

  launch_template {
    id      = aws_launch_template.nodes[each.key].id
    version = aws_launch_template.nodes[each.key].default_version
  }

  update_config {
    max_unavailable_percentage = 33
  }

  dynamic "taint" {
    for_each = each.value.taints
    content {
      key    = "dedicated"
      value  = taint.value
      effect = "PREFER_NO_SCHEDULE"
    }
  }

  lifecycle {
    create_before_destroy = true
    ignore_changes        = [scaling_config[0].desired_size]
  }

  depends_on = [
    aws_iam_role_policy_attachment.nodes,
    aws_eks_addon.before_nodes,
    aws_route.private,
    aws_route_table_association.private,
  ]
}
